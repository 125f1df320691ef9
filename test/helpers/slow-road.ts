import { createServer, connect, type AddressInfo, type Socket } from 'node:net';

/** A way to a server that can fall silent as a network does: connections stay open, and nothing comes through. */
export interface SlowRoad {
  /** The server's address by this way. */
  readonly url: string;
  /** From now on nothing comes through, on new connections neither, until `resume`. */
  stall(): void;
  resume(): void;
  /** Cuts all connections. */
  close(): void;
}

export async function slowRoadTo(url: string): Promise<SlowRoad> {
  const server = new URL(url);
  const sockets = new Set<Socket>();
  let stalled = false;
  const onTheRoad = (socket: Socket): Socket => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
    return socket;
  };
  const gate = createServer((near) => {
    const far = connect(Number(server.port), server.hostname);
    forward(onTheRoad(near), far);
    forward(onTheRoad(far), near);
  });
  const forward = (from: Socket, to: Socket): void => {
    from.on('data', (data) => {
      if (to.write(data)) return;
      from.pause();
      to.once('drain', () => {
        if (!stalled) from.resume();
      });
    });
    if (stalled) from.pause();
    // One end that goes takes the other with it, which is all there is to know of an error.
    from.on('error', () => undefined);
    from.once('close', () => to.destroy());
    from.once('end', () => to.end());
  };
  await new Promise<void>((resolve) => gate.listen(0, '127.0.0.1', resolve));
  const road = new URL(url);
  road.port = String((gate.address() as AddressInfo).port);
  return {
    url: road.href,
    stall: () => {
      stalled = true;
      for (const socket of sockets) socket.pause();
    },
    resume: () => {
      stalled = false;
      for (const socket of sockets) socket.resume();
    },
    close: () => {
      gate.close();
      for (const socket of sockets) socket.destroy();
    },
  };
}
