"""A program with an asyncio loop and a redis.asyncio connection that forks inside its loop.

argv: the port, whose loop (asyncio, uvloop), and what happens:
    drops        the child aborts the transport, as a finalizer or a disconnect() in the child does
    uses, drops  the same after the parent has used the connection since the fork
    goes on      the child goes on in the parent's loop, and takes an event from it
    own loop     the child leaves the connection alone and has a loop and a client of its own
Prints `answered` or, when its loop is not woken by the answer, `deaf`.
"""

import asyncio
import concurrent.futures
import os
import sys

import redis.asyncio

PORT, LOOPS, CASE = int(sys.argv[1]), __import__(sys.argv[2]), sys.argv[3]


async def child(client):
    if CASE == "goes on":
        # A pool of its own: the threads of the loop's are the parent's.
        await LOOP.run_in_executor(concurrent.futures.ThreadPoolExecutor(), os.getpid)
    elif CASE != "own loop":
        client.connection_pool._available_connections[0]._writer.transport.abort()  # MARK dropped


async def own_loop():
    client = redis.asyncio.Redis(port=PORT)
    assert await client.ping()
    await client.close()


async def main():
    client = redis.asyncio.Redis(port=PORT)
    assert await client.ping()  # MARK opened
    told, tell = os.pipe()
    pid = os.fork()  # MARK forked
    if pid == 0:
        os.read(told, 1)
        await child(client)
        return
    if CASE == "uses, drops":
        assert await client.ping()
    os.write(tell, b"x")
    assert os.waitpid(pid, 0)[1] == 0
    try:
        # An answer that is there at once, or never.
        await asyncio.wait_for(client.ping(), 1 if CASE.endswith("drops") else 30)
        print("answered", flush=True)
    except (asyncio.TimeoutError, redis.exceptions.TimeoutError):
        print("deaf", flush=True)
    os._exit(0)


LOOP = LOOPS.new_event_loop()
LOOP.run_until_complete(main())
if CASE == "own loop":
    asyncio.run(own_loop())
os._exit(0)
