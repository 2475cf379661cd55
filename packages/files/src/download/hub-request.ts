import { UserError } from '../user-error.js';
/** What a hub says of a file, and the file's bytes from a position on. */
export interface HubAnswer {
  /** The last answer, after redirects. */
  readonly response: Response;
  /** SHA-256 of the whole file in hexadecimal digits, where the hub gives it. */
  readonly sha256: string | undefined;
  /** Size of the whole file, where it is known. */
  readonly size: number | undefined;
}

/** Redirects that are followed: a renamed model, then the storage. */
const maxRedirects = 5;

/**
 * Asks for a file from position `start` on, and follows redirects by hand: a hub tells size and hash of the file in the
 * headers of the first answer, before it leads on to a storage that knows neither.
 *
 * @throws one line for a redirect to nowhere, in circles, or from https to http
 */
export async function requestFile(
  address: URL,
  { start, signal }: { readonly start: number; readonly signal: AbortSignal },
): Promise<HubAnswer> {
  let [sha256, size]: [string | undefined, number | undefined] = [undefined, undefined];
  let place = address;
  for (let redirects = 0; redirects <= maxRedirects; redirects++) {
    const headers = {
      'accept-encoding': 'identity',
      ...(start > 0 && { range: `bytes=${start}-` }),
    };
    const response = await fetch(place, { headers, redirect: 'manual', signal });
    sha256 ??= hashOf(response.headers);
    size ??= wholeNumber(response.headers.get('x-linked-size'));
    if (response.status < 300 || response.status >= 400) {
      return { response, sha256, size: size ?? sizeOf(response) };
    }
    await response.body?.cancel();
    place = nextPlace(place, response);
  }
  throw new UserError(`${address.host}: leads on more than ${maxRedirects} times; check HF_ENDPOINT.`);
}

function nextPlace(place: URL, response: Response): URL {
  const location = response.headers.get('location');
  const next = location !== null && URL.canParse(location, place.href) ? new URL(location, place) : undefined;
  const allowed = place.protocol === 'https:' ? ['https:'] : ['https:', 'http:'];
  if (!next || !allowed.includes(next.protocol)) {
    throw new UserError(`${place.host}: leads on to "${location ?? ''}", which is not followed.`);
  }
  return next;
}

/** Entity tags of large files are their SHA-256; those of small ones are something else. */
function hashOf(headers: Headers): string | undefined {
  const tags = [headers.get('x-linked-etag'), headers.get('etag')];
  const hashes = tags.map((tag) => /^(?:W\/)?"?([0-9a-f]{64})"?$/.exec(tag ?? '')?.[1]);
  return hashes.find((hash) => hash !== undefined);
}

function sizeOf({ status, headers }: Response): number | undefined {
  if (status === 206 || status === 416)
    return wholeNumber(/\/(\d+)$/.exec(headers.get('content-range') ?? '')?.[1]);
  return status === 200 ? wholeNumber(headers.get('content-length')) : undefined;
}

function wholeNumber(text: string | null | undefined): number | undefined {
  const value = Number(text);
  return text && Number.isSafeInteger(value) && value >= 0 ? value : undefined;
}
