// SPDX-License-Identifier: MIT
//
// A Go program that shares a connection as Go programs can: it starts itself again with the
// connection as a further file, and both use it.
package main

import (
	"fmt"
	"net"
	"os"
	"os/exec"
)

func ping(connection net.Conn) {
	answer := make([]byte, 100)
	if _, err := connection.Write([]byte("*1\r\n$4\r\nPING\r\n")); err != nil {
		panic(err)
	}
	if _, err := connection.Read(answer); err != nil {
		panic(err)
	}
}

func serve(listener net.Listener) {
	for {
		connection, err := listener.Accept()
		if err != nil {
			return
		}
		go func() {
			bytes := make([]byte, 4096)
			for {
				n, err := connection.Read(bytes)
				if err != nil {
					return
				}
				for _, b := range bytes[:n] {
					if b == '*' {
						connection.Write([]byte("+PONG\r\n"))
					}
				}
			}
		}()
	}
}

func child() {
	connection, err := net.FileConn(os.NewFile(3, "connection"))
	if err != nil {
		panic(err)
	}
	ping(connection)
}

func main() {
	if len(os.Args) > 1 && os.Args[1] == "child" {
		child()
		return
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		panic(err)
	}
	go serve(listener)
	connection, err := net.Dial("tcp", listener.Addr().String())
	if err != nil {
		panic(err)
	}
	ping(connection)
	file, err := connection.(*net.TCPConn).File()
	if err != nil {
		panic(err)
	}
	command := exec.Command(os.Args[0], "child")
	command.ExtraFiles = []*os.File{file}
	command.Stderr = os.Stderr
	if err := command.Run(); err != nil {
		panic(err)
	}
	ping(connection)
	fmt.Println("ready")
	fmt.Scanln()
}
