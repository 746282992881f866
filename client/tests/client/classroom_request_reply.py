"""A chat client of the simplest kind that a classroom has: PORT.

It sends each typed line, waits for an answer and prints it. bye leaves.
"""
import socket
import sys

server = socket.socket()
server.connect(("127.0.0.1", int(sys.argv[1])))
message = input()
while message != "bye":
    server.send(message.encode())
    print(server.recv(1024).decode(), flush=True)
    message = input()
server.send(message.encode())
server.close()
