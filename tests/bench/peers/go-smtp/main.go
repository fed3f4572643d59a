// SPDX-License-Identifier: LGPL-2.1-or-later

// main.go PORT [CERTIFICATE]: go-smtp, to be measured.
package main

import (
	"crypto/tls"
	"io"
	"log"
	"os"

	"github.com/emersion/go-smtp"
)

type backend struct{}
type session struct{}

func (backend) Login(_ *smtp.ConnectionState, _, _ string) (smtp.Session, error) {
	return nil, smtp.ErrAuthUnsupported
}

func (backend) AnonymousLogin(_ *smtp.ConnectionState) (smtp.Session, error) {
	return &session{}, nil
}

func (*session) Mail(_ string, _ smtp.MailOptions) error { return nil }
func (*session) Rcpt(_ string) error                     { return nil }
func (*session) Reset()                                  {}
func (*session) Logout() error                           { return nil }

func (*session) Data(r io.Reader) error {
	_, err := io.Copy(io.Discard, r)
	return err
}

func main() {
	server := smtp.NewServer(backend{})
	server.Addr = "127.0.0.1:" + os.Args[1]
	server.Domain = "bench"
	server.AuthDisabled = true
	if len(os.Args) < 3 {
		log.Fatal(server.ListenAndServe())
	}

	certificate, err := tls.LoadX509KeyPair(os.Args[2], os.Args[2])
	if err != nil {
		log.Fatal(err)
	}
	server.TLSConfig = &tls.Config{Certificates: []tls.Certificate{certificate}}
	log.Fatal(server.ListenAndServeTLS())
}
