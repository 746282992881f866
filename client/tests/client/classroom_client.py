"""A chat client as it is written in a classroom: PORT NAME.

It sends its name, then "name: text" for each typed line, and prints what
one recv brings. q:quit leaves.
"""
import socket
import sys
import threading


def receive():
    while True:
        message = server.recv(1024).decode()
        if not message:
            break
        print(message, flush=True)


server = socket.socket()
server.connect(("127.0.0.1", int(sys.argv[1])))
name = sys.argv[2]
server.send(name.encode())
threading.Thread(target=receive, daemon=True).start()
while True:
    text = input()
    if text == "q:quit":
        server.send(text.encode())
        break
    server.send((name + ": " + text).encode())
server.close()
