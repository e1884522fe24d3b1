/** Whether a text may be the name of a header. Source: RFC 9110, 5.6.2 "Tokens". */
export function isHeaderName(name: string): boolean {
  return /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/.test(name)
}

/** Whether HTTP sends a text as the value of a header. Source: RFC 9110, 5.5 "Field Values". */
export function isHeaderValue(value: string): boolean {
  return /^[\t\x20-\x7e\x80-\xff]*$/.test(value)
}

/** Whether every receiver reads a value of a header alike: ASCII, without line breaks. */
export function isAsciiHeaderValue(value: string): boolean {
  return /^[\t\x20-\x7e]*$/.test(value)
}

/** Headers that decide how a request travels: nobody sets them by hand. */
export const PROTOCOL_HEADERS: readonly string[] = [
  'host',
  'connection',
  'content-length',
  'transfer-encoding',
  'upgrade',
  'expect',
  'te',
  'trailer',
]
