"""A chat server as it is written in a classroom: one recv is one message.

It is unframed, checks nothing, and sends no welcome. With the word "echo" it also
sends a message back to its sender.
"""
import socket
import sys
import threading

clients = {}
echo = "echo" in sys.argv


def broadcast(text, sender):
    for connection in list(clients):
        if echo or connection is not sender:
            connection.send(text.encode())


def serve(connection):
    name = connection.recv(1024).decode()
    broadcast(name + " has joined the chat room.", connection)
    clients[connection] = name
    while True:
        message = connection.recv(1024).decode()
        if message == "q:quit" or not message:
            break
        broadcast(message, connection)
    del clients[connection]
    connection.close()
    broadcast(name + " has left the chat room.", connection)


listener = socket.socket()
listener.bind(("127.0.0.1", 0))
listener.listen()
print(listener.getsockname()[1], flush=True)
while True:
    connection, address = listener.accept()
    threading.Thread(target=serve, args=(connection,), daemon=True).start()
