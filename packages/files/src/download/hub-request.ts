import { UserError } from '../user-error.js';
import { announcedSize, type Answer, wholeNumber } from './fetch-file.js';

/** What a hub says of a file, and the file's bytes from a position on; the response is the last one, after redirects. */
export interface HubAnswer extends Answer {
  /** SHA-256 of the whole file in hexadecimal digits, where the hub gives it. */
  readonly sha256: string | undefined;
  /** Entity tag of the file's bytes without its quotes, and the commit that the revision means, where the hub gives them. */
  readonly tag: string | undefined;
  readonly commit: string | undefined;
}

/** Redirects that are followed: a renamed model, then the storage. */
const maxRedirects = 5;

/**
 * Asks for a file from position `start` on, and follows redirects by hand: a hub tells size and hash of the file in the
 * headers of the first answer, before it redirects to a storage that knows neither.
 *
 * @throws one line for a redirect to nowhere, in circles, or from https to http
 */
export async function requestFile(
  address: URL,
  {
    start,
    signal,
    token,
  }: { readonly start: number; readonly signal: AbortSignal; readonly token: string | undefined },
): Promise<HubAnswer> {
  let [sha256, size]: [string | undefined, number | undefined] = [undefined, undefined];
  let [tag, commit]: [string | undefined, string | undefined] = [undefined, undefined];
  let place = address;
  for (let redirects = 0; redirects <= maxRedirects; redirects++) {
    const headers = {
      'accept-encoding': 'identity',
      ...(start > 0 && { range: `bytes=${start}-` }),
      // for the hub's eyes alone, not for a storage that it redirects to
      ...(token !== undefined && place.origin === address.origin && { authorization: `Bearer ${token}` }),
    };
    const response = await fetch(place, { headers, redirect: 'manual', signal });
    sha256 ??= hashOf(response.headers);
    tag ??= tagOf(response.headers);
    commit ??= response.headers.get('x-repo-commit') ?? undefined;
    size ??= wholeNumber(response.headers.get('x-linked-size'));
    if (response.status < 300 || response.status >= 400) {
      return { response, sha256, tag, commit, size: size ?? announcedSize(response) };
    }
    await response.body?.cancel();
    place = nextPlace(place, response);
  }
  throw new UserError(`${address.host}: redirected more than ${maxRedirects} times; check HF_ENDPOINT.`);
}

function nextPlace(place: URL, response: Response): URL {
  const location = response.headers.get('location');
  const next = location !== null && URL.canParse(location, place.href) ? new URL(location, place) : undefined;
  const allowed = place.protocol === 'https:' ? ['https:'] : ['https:', 'http:'];
  if (!next || !allowed.includes(next.protocol)) {
    throw new UserError(`${place.host}: redirects to "${location ?? ''}", which is not followed.`);
  }
  return next;
}

/** Entity tags of large files are their SHA-256; those of small ones are something else. */
function hashOf(headers: Headers): string | undefined {
  const tags = [headers.get('x-linked-etag'), headers.get('etag')];
  const hashes = tags.map((tag) => /^(?:W\/)?"?([0-9a-f]{64})"?$/.exec(tag ?? '')?.[1]);
  return hashes.find((hash) => hash !== undefined);
}

function tagOf(headers: Headers): string | undefined {
  return /^(?:W\/)?"?([^"]+)"?$/.exec(headers.get('x-linked-etag') ?? headers.get('etag') ?? '')?.[1];
}
