import { connect, createServer, type AddressInfo } from 'node:net';
import { expect, test } from '@jest/globals';
import { splitAddress } from '../../src/cluster/cluster.js';
import { joinCluster, type JoinOptions, type Peers } from '../../src/cluster/peers.js';

async function freeAddress(): Promise<string> {
  const server = createServer();
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return `127.0.0.1:${port}`;
}

/** Addresses of so many processes; only the leader listens. */
async function addressesOf(count: number): Promise<string[]> {
  const leader = await freeAddress();
  return Array.from({ length: count }, (_, rank) => (rank === 0 ? leader : `127.0.0.1:${rank}`));
}

const quiet: JoinOptions = { print: () => undefined, joinSeconds: 30 };

/** Several processes in one: nothing of it is TensorFlow's. */
async function joined(count: number, options: JoinOptions = {}): Promise<Peers[]> {
  const addresses = await addressesOf(count);
  return Promise.all(addresses.map((_, rank) => joinCluster({ addresses, rank }, { ...quiet, ...options })));
}

const aborted = (signal: AbortSignal): Promise<string> =>
  new Promise((resolve) => {
    const tell = (): void => {
      resolve((signal.reason as Error).message);
    };
    if (signal.aborted) tell();
    else signal.addEventListener('abort', tell);
  });

test('processes meet whatever order they come in, and each gets the values of all', async () => {
  const addresses = await addressesOf(3);
  const last = new Promise<Peers>((resolve) => {
    setTimeout(() => {
      resolve(joinCluster({ addresses, rank: 0 }, quiet));
    }, 300);
  });
  const peers = await Promise.all([last, ...[2, 1].map((rank) => joinCluster({ addresses, rank }, quiet))]);
  for (let i = 0; i < 20; i++) {
    const values = await Promise.all(peers.map((peer) => peer.gather(`turn ${i}`, { rank: peer.rank, i })));
    for (const value of values) expect(value).toEqual([0, 1, 2].map((rank) => ({ rank, i })));
  }
  await Promise.all(peers.map((peer) => peer.close()));
  expect(peers.map(({ lost }) => lost.aborted)).toEqual([false, false, false]);
});

test('the port of the leader is free once all have met', async () => {
  const peers = await joined(2);
  const { host, port } = splitAddress(peers[0]!.addresses[0]!);
  const server = createServer();
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject).listen(port, host, resolve);
  });
  server.close();
  await Promise.all(peers.map((peer) => peer.close()));
});

test('why a process ends reaches all others, and what they wait for ends', async () => {
  const peers = await joined(3);
  const waiting = peers[0]!.gather('weights', 1);
  waiting.catch(() => undefined);
  await peers[2]!.fail('photo7.jpg: not an image');
  await expect(waiting).rejects.toThrow('rank 2 (127.0.0.1:2): photo7.jpg: not an image');
  expect(await aborted(peers[1]!.lost)).toBe('rank 2 (127.0.0.1:2): photo7.jpg: not an image');
  await expect(peers[1]!.gather('weights', 1)).rejects.toThrow('photo7.jpg');
  await Promise.all(peers.map((peer) => peer.close()));
});

test('the leader that fails is named by the others', async () => {
  const peers = await joined(3);
  await peers[0]!.fail('the disk is full');
  for (const peer of peers.slice(1))
    expect(await aborted(peer.lost)).toBe(`rank 0 (${peer.addresses[0]!}): the disk is full`);
  await Promise.all(peers.map((peer) => peer.close()));
});

test('one that asks to stop is heard by all before what it says next', async () => {
  const peers = await joined(3);
  peers[1]!.ask();
  await Promise.all(peers.map((peer) => peer.gather('due', 0)));
  expect(peers.map(({ asked }) => asked.aborted)).toEqual([true, true, true]);
  expect(peers.map(({ lost }) => lost.aborted)).toEqual([false, false, false]);
  await Promise.all(peers.map((peer) => peer.close()));
});

test('a process that says nothing is lost after its time', async () => {
  const addresses = await addressesOf(2);
  const joining = joinCluster({ addresses, rank: 0 }, { ...quiet, silenceSeconds: 1 });
  const silent = connect(splitAddress(addresses[0]!));
  const tell = (): void => void silent.write(`${JSON.stringify({ toco: 1, rank: 1, addresses })}\n`);
  silent
    .on('error', () => setTimeout(() => silent.connect(splitAddress(addresses[0]!)), 50))
    .on('connect', tell);
  const leader = await joining;
  expect(await aborted(leader.lost)).toBe('rank 1 (127.0.0.1:1) was lost: it has said nothing for 1 s.');
  silent.destroy();
  await leader.close();
});

test('who does not come is named, to those who wait too', async () => {
  const addresses = await addressesOf(3);
  const brief = { ...quiet, joinSeconds: 1 };
  const ends = await Promise.allSettled(
    [0, 1].map((rank) => joinCluster({ addresses, rank }, rank === 0 ? brief : quiet)),
  );
  const line = /^After 1 s, rank 2 \(127\.0\.0\.1:2\) has not come: check that all processes are started/;
  for (const end of ends) expect(((end as PromiseRejectedResult).reason as Error).message).toMatch(line);
});

test('a leader that can not be reached is named', async () => {
  const addresses = await addressesOf(2);
  await expect(joinCluster({ addresses, rank: 1 }, { ...quiet, joinSeconds: 0.5 })).rejects.toThrow(
    /^rank 1 \(127\.0\.0\.1:1\) could not reach rank 0 \(127\.0\.0\.1:\d+\) in 0\.5 s \(.*ECONNREFUSED.*\)/,
  );
});

test('what listens there but is no run of toco is told', async () => {
  const server = createServer((socket) => socket.on('error', () => undefined).write('\0\0\x18\n'));
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  const { port } = server.address() as AddressInfo;
  const joining = joinCluster(
    { addresses: [`127.0.0.1:${port}`, 'b:1'], rank: 1 },
    { ...quiet, joinSeconds: 0.5 },
  );
  await expect(joining).rejects.toThrow(/it sends no messages of toco/);
  server.close();
});

test.each([
  [
    'another cluster',
    (all: string[]) => [...all.slice(0, 1), '127.0.0.1:77'],
    1,
    /told different clusters: rank 0 knows .*, rank 1 at .*127\.0\.0\.1:77/,
  ],
  ['the rank of the leader', (all: string[]) => all, 0, /Two processes say that they are rank 0/],
])('a process that is told %s ends all', async (_, told, rank, message) => {
  const addresses = await addressesOf(2);
  const leader = joinCluster({ addresses, rank: 0 }, quiet);
  leader.catch(() => undefined);
  const hello = JSON.stringify({ toco: 1, rank, addresses: told(addresses) });
  await new Promise((resolve) => setTimeout(resolve, 200));
  const socket = connect(splitAddress(addresses[0]!)).on('connect', () => socket.write(`${hello}\n`));
  const answer = new Promise<string>((resolve) => socket.once('data', (data) => resolve(String(data))));
  await expect(leader).rejects.toThrow(message);
  expect(JSON.parse((await answer).split('\n')[0]!)).toEqual({ refused: expect.stringMatching(message) });
  socket.destroy();
});
