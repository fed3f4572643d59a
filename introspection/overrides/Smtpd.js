// SPDX-License-Identifier: LGPL-2.1-or-later

// What makes Smtpd feel at home in JavaScript: hooks, handler methods, command methods and added
// commands may be async functions, and may answer by what they return or resolve to: a reply as
// text ('550 5.1.1 No such user'), as a code and a text ([550, '5.1.1 No such user']), a
// Smtpd.Reply, or a Smtpd.Verdict. The request of a promise is held at once, and what the promise
// is rejected with fails it. What becomes of a request is decided in C; here it is only told.

/* exported _init */

const {Gio, GLib, GObject} = imports.gi;

let Smtpd;

// Requests that a method has left to the library's own method, and how many promises of one are
// not settled: one that chains up to another leaves the answer to it.
const passedOn = new WeakSet();
const pending = new WeakMap();

function requestIn(args) {
    return args.find(arg => arg instanceof Smtpd.Request) ?? null;
}

function isPromise(value) {
    return typeof value === 'object' && value !== null && typeof value.then === 'function';
}

function makeError(error) {
    if (error instanceof GLib.Error)
        return error;
    return new GLib.Error(GLib.quark_from_string('javascript-exception'), 0, String(error));
}

function fail(request, error) {
    logError(error);
    if (request)
        request.fail(makeError(error));
    return Smtpd.Verdict.FAILED;
}

function makeReply(answer) {
    if (answer instanceof Smtpd.Reply)
        return answer;
    if (typeof answer === 'string')
        return Smtpd.Reply.parse(answer);
    if (Array.isArray(answer) && answer.length === 2) {
        const [code, text] = answer;
        Smtpd.Reply.parse(String(code)); // throws if it is none
        return Smtpd.Reply.new_full(Number(code), null, String(text).split(/\r?\n/));
    }
    throw new TypeError(`${typeof answer} is nothing that a hook can answer`);
}

// Somebody who answers by the request, and perhaps by what is returned as well.
function tellMethod(request, answer) {
    if (answer === undefined || answer === null)
        return;
    if (typeof answer !== 'number' && typeof answer !== 'boolean')
        tell(request, answer);
    else if (answer === Smtpd.Verdict.CONTINUE)
        request.proceed();
}

// What a promise has come to: whoever says nothing fails.
function judge(request, answer) {
    const saysNothing = answer === undefined || answer === null || answer === Smtpd.Verdict.FAILED;
    if (!saysNothing)
        tellMethod(request, answer);
    else if (!passedOn.has(request) && pending.get(request) === 0)
        request.fail(new GLib.Error(Smtpd.error_quark(), Smtpd.Error.NO_ANSWER, 'A promise brought no answer'));
}

function wait(request, promise) {
    if (!request) {
        promise.then(undefined, logError);
        return;
    }
    request.hold();
    pending.set(request, (pending.get(request) ?? 0) + 1);
    const settle = () => pending.set(request, pending.get(request) - 1);
    promise.then(answer => {
        settle();
        judge(request, answer);
    }, error => {
        settle();
        fail(request, error);
    }).catch(error => fail(request, error));
}

function tell(request, answer) {
    try {
        if (isPromise(answer))
            wait(request, answer);
        else
            request.send_reply(makeReply(answer));
    } catch (error) {
        return fail(request, error);
    }
    return Smtpd.Verdict.HANDLED;
}

function hook(callback) {
    return function (...args) {
        let answer;
        try {
            answer = callback.apply(this, args);
        } catch (error) {
            return fail(requestIn(args), error);
        }
        if (answer === undefined || answer === null)
            return Smtpd.Verdict.FAILED;
        if (typeof answer === 'number' || typeof answer === 'boolean')
            return Number(answer);
        return tell(requestIn(args), answer);
    };
}

function method(callback) {
    return function (...args) {
        const request = requestIn(args);
        if (!request)
            return listener(callback).apply(this, args);
        try {
            tellMethod(request, callback.apply(this, args));
        } catch (error) {
            fail(request, error);
        }
        return undefined;
    };
}

// Nobody answers this one.
function listener(callback) {
    return function (...args) {
        const result = callback.apply(this, args);
        if (!isPromise(result))
            return result;
        wait(null, result);
        return undefined;
    };
}

const unanswered = new Set(['handle-body', 'handle-disconnect']);

function wrap(signal, callback) {
    const name = signal.replaceAll('_', '-');
    // Without a request there is nothing to hold: a promise is no answer there, and refused.
    if (!name.startsWith('handle-') || name === 'handle-parameter')
        return callback;
    return unanswered.has(name) ? listener(callback) : hook(callback);
}

function overrideServer() {
    const {add_command} = Smtpd.Server.prototype;

    for (const name of ['connect', 'connect_after']) {
        Smtpd.Server.prototype[name] = function (signal, callback) {
            return GObject.Object.prototype[name].call(this, signal, wrap(signal, callback));
        };
    }
    Smtpd.Server.prototype.add_command = function (verb, callback) {
        add_command.call(this, verb, method(callback));
    };
}

// super.vfunc_NAME() leaves the answer to the library.
function overrideMethod(base, name) {
    const {prototype} = base;
    let native;
    try {
        native = prototype[name];
    } catch {
        return; // there is none
    }
    if (typeof native !== 'function' || native.isOverride)
        return;
    prototype[name] = function (...args) {
        const request = requestIn(args);
        if (request)
            passedOn.add(request);
        return native.apply(this, args);
    };
    prototype[name].isOverride = true;
}

// Methods of classes that are registered from now on.
function overrideClass(base) {
    base._classInit = function (klass) {
        for (const name of Object.getOwnPropertyNames(klass.prototype)) {
            const descriptor = Object.getOwnPropertyDescriptor(klass.prototype, name);
            if (!name.startsWith('vfunc_') || typeof descriptor.value !== 'function')
                continue;
            overrideMethod(base, name);
            descriptor.value = method(descriptor.value);
            Object.defineProperty(klass.prototype, name, descriptor);
        }
        return GObject.Object._classInit(klass);
    };
}

// Scripts run in one thread: so does the catcher. Its promises are rejected when the time is over.
function overrideCatcher() {
    const {prototype} = Smtpd.Catcher;
    Gio._promisify(prototype, 'wait_async', 'wait_finish');
    Gio._promisify(prototype, 'next_async', 'next_finish');

    prototype._init = function (properties = {}) {
        GObject.Object.prototype._init.call(this, properties);
        this.controller.threaded = false;
    };
    prototype.nextMessage = function (milliseconds = 5000) {
        return this.next_async(milliseconds, null);
    };
    prototype.waitForMessages = function (count = 1, milliseconds = 5000) {
        return this.wait_async(count, milliseconds, null);
    };
}

function overrideValues() {
    Smtpd.Address.prototype.toString = function () {
        return this.get_text();
    };
    Smtpd.Reply.prototype.toString = function () {
        return this.to_string();
    };
    Smtpd.Parameters.prototype[Symbol.iterator] = function* () {
        for (let i = 0; i < this.get_length(); i++)
            yield [this.get_keyword(i), this.get_value(i)];
    };
}

function _init() {
    Smtpd = this;
    overrideServer();
    for (const base of [Smtpd.Server, Smtpd.Handler, Smtpd.SaslMechanism])
        overrideClass(base);
    overrideCatcher();
    overrideValues();
}
