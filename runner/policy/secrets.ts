import { providerPresets } from '../models/providers.ts'

type Env = Readonly<Record<string, string | undefined>>

/** Names of variables that hold secrets wherever they appear. */
const SECRET_NAME =
  /(^|_)(token|secret|password|passwd|passphrase|api_?key|access_?key|private_?key|credentials?|authorization)(_|$)/i

/** Shorter values would be found inside ordinary words. */
const SHORTEST_SECRET = 8

/** Well-known shapes of keys, for those that came from somewhere else than the environment. */
const TOKEN_SHAPES = [
  'gh[pousr]_[A-Za-z0-9]{36,}',
  'github_pat_[A-Za-z0-9_]{22,}',
  'glpat-[A-Za-z0-9_-]{20,}',
  'sk-(?:[a-z]+-)*[A-Za-z0-9_-]{24,}',
  '(?:AKIA|ASIA)[A-Z0-9]{16}',
  'xox[abprs]-[A-Za-z0-9-]{10,}',
  'AIza[A-Za-z0-9_-]{35}',
  'eyJ[A-Za-z0-9_-]{10,}\\.eyJ[A-Za-z0-9_-]{10,}\\.[A-Za-z0-9_-]{10,}',
  '-----BEGIN [A-Z ]*PRIVATE KEY-----[\\s\\S]*?-----END [A-Z ]*PRIVATE KEY-----',
]

/** What stands in place of a secret. */
export const REDACTED = '[redacted]'

/**
 * The values that must never be written: variables that the config or a provider names, and those whose name says what
 * they are.
 */
export function secretValues(env: Env, namedByConfig: Iterable<string> = []): readonly string[] {
  const names = new Set(namedByConfig)
  for (const preset of Object.values(providerPresets)) for (const name of preset.keyEnv) names.add(name)
  const values = new Set<string>()
  for (const [name, value] of Object.entries(env)) {
    if (value === undefined || value.length < SHORTEST_SECRET) continue
    if (names.has(name) || SECRET_NAME.test(name)) values.add(value)
  }
  return [...values]
}

/**
 * Makes the function that takes secrets out of text: the given values as they are, URL-encoded, in base64 and inside
 * JSON, and anything that has the shape of a well-known key. Applied to its own output it changes nothing.
 */
export function createRedactor(values: readonly string[]): (text: string) => string {
  const forms = new Set<string>()
  for (const value of values) {
    for (const form of [encodeURIComponent(value), ...base64Forms(value), ...jsonForms(value)])
      forms.add(form)
    // A key in several lines is often quoted line by line.
    for (const line of value.split(/\r?\n/)) if (line.length >= SHORTEST_SECRET) forms.add(line)
  }
  // The longest first: one secret may begin with another.
  const literals = [...forms].sort((a, b) => b.length - a.length).map(escapeForPattern)
  const pattern = new RegExp([...literals, ...TOKEN_SHAPES].join('|'), 'g')
  return (text) => text.replace(pattern, REDACTED)
}

/** Outputs of steps are JSON that holds JSON of a tool, and then stand in a line of JSON themselves. */
const JSON_LEVELS = 3

/** A value as it is, and as it stands inside JSON, plain and with all but ASCII escaped. */
function jsonForms(value: string): readonly string[] {
  const forms = [value]
  let plain = value
  let ascii = value
  for (let level = 0; level < JSON_LEVELS; level++) {
    plain = JSON.stringify(plain).slice(1, -1)
    ascii = escapeNonAscii(JSON.stringify(ascii).slice(1, -1))
    forms.push(plain, ascii)
  }
  return forms
}

function escapeNonAscii(text: string): string {
  return text.replace(/[\u0080-\uffff]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`)
}

/** A value inside a longer text gives other base64 letters for each of the three places it can start at. */
function base64Forms(value: string): readonly string[] {
  return [0, 1, 2].map((offset) => {
    const bytes = Buffer.concat([Buffer.alloc(offset), Buffer.from(value)])
    const usable = bytes.subarray(0, bytes.length - (bytes.length % 3))
    // The first letters mix with what stands before the value.
    return usable.toString('base64').slice(offset === 0 ? 0 : 4)
  })
}

function escapeForPattern(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\/-]/g, '\\$&')
}
