/** The processes that train one network together, and which of them this one is. */
export interface Cluster {
  /** `host:port` of every process by rank, the same list in all of them; each listens on its own. */
  readonly addresses: readonly string[];
  /** Place of this process in `addresses`; rank 0 leads. */
  readonly rank: number;
}

/** A process as lines name it: `rank 1 (node7:2222)`. */
export function nameOf({ addresses }: Pick<Cluster, 'addresses'>, rank: number): string {
  return `rank ${rank} (${addresses[rank]})`;
}

/** Whether it is `host:port`. */
export function isAddress(address: unknown): boolean {
  if (typeof address !== 'string' || !/^[^\s,/]+:\d{1,5}$/.test(address)) return false;
  const { port } = splitAddress(address);
  return port > 0 && port < 2 ** 16;
}

/** Host and port of an address; IPv6 hosts stand in brackets. */
export function splitAddress(address: string): { host: string; port: number } {
  const colon = address.lastIndexOf(':');
  return { host: address.slice(0, colon).replace(/^\[|\]$/g, ''), port: Number(address.slice(colon + 1)) };
}
