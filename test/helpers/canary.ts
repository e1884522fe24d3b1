const wrapped = (text: string, width: number, end: string) =>
  text.replace(new RegExp(`(.{${width}})(?=.)`, 'g'), `$1${end}`)
const encodings: Readonly<Record<string, (secret: string) => string>> = {
  raw: (secret) => secret,
  base64: (secret) => Buffer.from(secret).toString('base64'),
  'base64 inside another text': (secret) => Buffer.from(`me:${secret}:x`).toString('base64'),
  'base64 for URLs': (secret) => Buffer.from(secret).toString('base64url'),
  hex: (secret) => Buffer.from(secret).toString('hex'),
  'a dump of bytes': (secret) => wrapped(Buffer.from(secret).toString('hex').toUpperCase(), 2, ' '),
  'URL-encoded': encodeURIComponent,
  'every byte URL-encoded': (secret) => `%${wrapped(Buffer.from(secret).toString('hex'), 2, '%')}`,
  'inside JSON': (secret) => JSON.stringify({ secret }),
  backwards: (secret) => [...secret].reverse().join(''),
  'split over lines': (secret) => wrapped(secret, 6, '\n'),
  'split into letters': (secret) => [...secret].join(' '),
  'split by hyphens': (secret) => [...secret].join('-'),
  'split by what nobody sees': (secret) => [...secret].join('\u200b'),
  'split into texts': (secret) => `"${wrapped(secret, 5, '" + "')}"`,
  'backwards and split': (secret) => [...secret].reverse().join('.'),
}

/** Secrets in every spelling in which somebody might get them past a filter. */
export function spellingsOf(secrets: readonly string[]): readonly string[] {
  return secrets.flatMap((secret) => Object.values(encodings).map((encode) => encode(secret)))
}

/** Which of the secrets can be read out of a text by somebody who knows what to look for. */
export function secretsIn(text: string, secrets: readonly string[]): readonly string[] {
  const letters = (one: string) => one.replace(/[^A-Za-z0-9]/g, '')
  const all = letters(text)
  return secrets.flatMap((secret) => {
    const readable = [
      letters(secret),
      letters([...secret].reverse().join('')),
      letters(Buffer.from(secret).toString('hex')),
      letters(Buffer.from(secret).toString('hex').toUpperCase()),
      letters(Buffer.from(secret).toString('base64').slice(0, -4)),
      letters(Buffer.from(`me:${secret}:x`).toString('base64').slice(4, -8)),
      letters(encodeURIComponent(secret)),
    ]
    return [...readable.filter((one) => all.includes(one)), ...(text.includes(secret) ? [secret] : [])]
  })
}
