import type { RepositoryConfig } from '../../schema/config.ts'
import { providerPresets } from '../models/providers.ts'
import { asciiJson } from '../store/canonical-json.ts'

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

/** Environment variables that a config names as those with secrets: of providers, integrations, MCP servers and agents. */
export function secretNamesOf({ models, integrations, mcp, policy }: RepositoryConfig): readonly string[] {
  return [
    ...[...models.providers.values()].flatMap(({ apiKeyEnv, headersEnv }) => [
      ...(apiKeyEnv === undefined ? [] : [apiKeyEnv]),
      ...Object.values(headersEnv),
    ]),
    ...[...integrations.values()].flatMap(({ env }) => Object.values(env)),
    ...[...mcp.servers.values()].flatMap(({ env, headersEnv }) => [
      ...Object.values(env),
      ...Object.values(headersEnv),
    ]),
    ...[...policy.agents.values()].flatMap(({ env }) => env),
  ]
}

/** The variables with secrets: those that the config or a provider names, and those whose name says what they are. */
export function secretVariables(env: Env, namedByConfig: Iterable<string> = []): readonly string[] {
  const names = new Set(namedByConfig)
  for (const preset of Object.values(providerPresets)) for (const name of preset.keyEnv) names.add(name)
  return Object.keys(env).filter((name) => names.has(name) || SECRET_NAME.test(name))
}

/** The values that must never be written: those of {@link secretVariables} that are long enough to be told from words. */
export function secretValues(env: Env, namedByConfig: Iterable<string> = []): readonly string[] {
  const values = secretVariables(env, namedByConfig).flatMap((name) => env[name] ?? [])
  return [...new Set(values.filter(({ length }) => length >= SHORTEST_SECRET))]
}

/**
 * Makes the function that takes secrets out of text: the given values as they are, URL-encoded, in base64 (of both
 * alphabets), in hex and inside JSON, also broken over lines; spelled out and backwards; and anything that has the shape of
 * a well-known key.
 * Applied to its own output it changes nothing.
 */
export function createRedactor(values: readonly string[]): (text: string) => string {
  const whole = new Set<string>()
  const breakable = new Set<string>()
  const dumped = new Set<string>()
  const spelled = new Set<string>()
  for (const value of values) {
    for (const form of [...urlForms(value), ...jsonForms(value)]) whole.add(form)
    // A key in several lines is often quoted line by line.
    for (const line of value.split('\n').map((one) => one.trim()))
      if (line.length >= SHORTEST_SECRET) whole.add(line)
    for (const form of base64Forms(value)) breakable.add(form)
    whole.add(backwards(value))
    const letters = value.replace(/[^A-Za-z0-9]/g, '')
    if (letters.length >= SHORTEST_SPELLED) {
      for (const form of [letters, backwards(letters)]) spelled.add(joined(form, BETWEEN_LETTERS))
    }
    if (!/\s/.test(value)) breakable.add(value)
    for (const bytes of hexForms(value)) {
      breakable.add(bytes.join(''))
      dumped.add(joined(bytes, BETWEEN_BYTES))
    }
  }
  const pattern = anyOf([...literals([...whole, ...breakable]), ...longestFirst(spelled), ...TOKEN_SHAPES])
  if (values.length === 0) return (text) => text.replace(pattern, REDACTED)
  const unbroken = new RegExp(literals(breakable).join('|'))
  const broken = anyOf(longestFirst(breakable).map((form) => joined(form, LINE_BREAKS)))
  const dump = anyOf(longestFirst(dumped))
  return (text) => {
    let clean = text.replace(pattern, REDACTED)
    // Patterns that allow a break after each character take a hundred times as long: only where they will match.
    const joinedUp = clean.replace(LINE_BREAK, '')
    if (joinedUp !== clean && unbroken.test(joinedUp)) clean = clean.replace(broken, REDACTED)
    return DUMP.test(clean) ? clean.replace(dump, REDACTED) : clean
  }
}

/**
 * Line breaks with what indents the next line, plain or as a text inside JSON has them. Every repetition has a bound: a
 * text of nothing but backslashes must not cost the square of its length.
 */
const LINE_BREAKS = '(?:(?:[\\r\\n]|\\\\{1,8}[rn])[ \\t]{0,40}){0,4}'
const LINE_BREAK = /(?:[\r\n]|\\{1,8}[rn])[ \t]{0,40}/g
/** The same, or what dumps of bytes put before each: `de ad`, `de:ad`, `%de%ad`, `\xde\xad`. */
const BETWEEN_BYTES = `(?:[ :%]|\\\\{1,8}x|${LINE_BREAKS})`
const DUMP = /[0-9a-f]{2}(?:[ :%]|\\{1,8}x)[0-9a-f]{2}(?:[ :%]|\\{1,8}x)[0-9a-f]{2}/i

/**
 * What stands between the letters and digits of a value that is spelled out: `s k - 1`, `"sk" + "1"`, lines of a text inside
 * JSON. Every place has one reading, so that the pattern takes no longer than others.
 */
const BETWEEN_LETTERS = '(?:[^A-Za-z0-9]|(?<=\\\\)[rnt]){0,16}'
/** Letters and digits; fewer could be those of ordinary words in a row. */
const SHORTEST_SPELLED = 12

function backwards(text: string): string {
  return [...text].reverse().join('')
}

/** One secret may begin with another. */
function longestFirst(forms: Iterable<string>): readonly string[] {
  return [...forms].sort((a, b) => b.length - a.length)
}

function literals(forms: Iterable<string>): readonly string[] {
  return longestFirst(forms).map(escapeForPattern)
}

function anyOf(patterns: readonly string[]): RegExp {
  return new RegExp(patterns.join('|'), 'g')
}

function joined(pieces: Iterable<string>, between: string): string {
  return [...pieces].map(escapeForPattern).join(between)
}

function urlForms(value: string): readonly string[] {
  const form = encodeURIComponent(value)
  // As in the parameters of an address, where more signs are written so.
  const [, parameter = form] = new URLSearchParams({ '': value }).toString().split('=')
  return [form, form.replaceAll('%20', '+'), parameter].flatMap((one) => [
    one,
    one.replace(/%../g, (code) => code.toLowerCase()),
  ])
}

/** The bytes of a value as pairs of digits, in small letters and in capitals. */
function hexForms(value: string): readonly (readonly string[])[] {
  const bytes = [...Buffer.from(value)].map((byte) => byte.toString(16).padStart(2, '0'))
  return [bytes, bytes.map((digits) => digits.toUpperCase())]
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
    ascii = asciiJson(JSON.stringify(ascii).slice(1, -1))
    forms.push(plain, ascii)
  }
  return forms
}

/**
 * A value inside a longer text gives other base64 letters for each of the three places it can start at. Each in the
 * usual alphabet and in the one for URLs.
 */
function base64Forms(value: string): readonly string[] {
  return [0, 1, 2].flatMap((offset) => {
    const bytes = Buffer.concat([Buffer.alloc(offset), Buffer.from(value)])
    const usable = bytes.subarray(0, bytes.length - (bytes.length % 3))
    // The first letters mix with what stands before the value.
    const form = usable.toString('base64').slice(offset === 0 ? 0 : 4)
    return [form, form.replaceAll('+', '-').replaceAll('/', '_')]
  })
}

function escapeForPattern(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\/-]/g, '\\$&')
}
