import { text as argumentText, type Bound, clamp, integer } from '../arguments.ts'
import { PyDict } from '../dict.ts'
import { PyError, typeError, valueError } from '../errors.ts'
import { dumpsJson } from '../json.ts'
import { binary, pyLength } from '../operators.ts'
import { repr, str } from '../printing.ts'
import { replaceText, splitWords, stringMethod, stripChars } from '../string-methods.ts'
import { codePoints, isSpace, splitLines, textLength } from '../text.ts'
import { PyObject, PyTuple, type PyValue, toArray, truthy, typeName } from '../values.ts'
import type { TemplateWorld } from './environment.ts'
import type { Filter, FilterRow } from './filters.ts'
import { stripTags } from './html.ts'
import { prettyPrint } from './pretty.ts'
import { urlize } from './urlize.ts'
import { escapeHtml, operateOnMarkup, PyMarkup, PyUndefined } from './values.ts'
import { wrapLine } from './wrap.ts'

/** Apply a function of texts to any value's text; what is marked as HTML stays so. */
function onText(run: (text: string) => string): FilterRow[2] {
  return (world, value) => {
    const text = str(value)
    world.budget.text(text.length)
    return value instanceof PyMarkup ? new PyMarkup(run(text)) : run(text)
  }
}

function viaMethod(name: string): (world: TemplateWorld, value: PyValue, positional: PyValue[]) => PyValue {
  return (world, value, positional) => {
    const result = stringMethod(name)?.(str(value), { positional, named: new Map() }, world.budget) ?? ''
    return value instanceof PyMarkup && typeof result === 'string' ? new PyMarkup(result) : result
  }
}

/** Jinja's own title case: words start after white space, hyphens and opening brackets, never after an apostrophe. */
function title(text: string): string {
  return text
    .split(/([-\s({[<]+)/)
    .map((part) => {
      const [first = '', ...rest] = Array.from(part)
      return first.toUpperCase() + rest.join('').toLowerCase()
    })
    .join('')
}

function truncate(value: PyValue, [length, killWords, end, leeway]: Bound): PyValue {
  const most = clamp(integer(length, 255n))
  const mark = end === undefined ? '...' : str(end)
  const slack = clamp(integer(leeway, 5n, true))
  const room = most - textLength(mark)
  if (room < 0) throw new PyError('AssertionError', `expected length >= ${textLength(mark)}, got ${most}`)
  if (slack < 0) throw new PyError('AssertionError', `expected leeway >= 0, got ${slack}`)
  if (pyLength(value) <= most + slack) return value
  if (typeof value !== 'string' && !(value instanceof PyMarkup)) throw unsuitable(value, 'truncate')
  const points = codePoints(str(value))
  const cut = points.slice(0, room).join('')
  if (truthy(killWords ?? false)) return cut + mark
  const blank = cut.lastIndexOf(' ')
  return (blank < 0 ? cut : cut.slice(0, blank)) + mark
}

function indent(world: TemplateWorld, value: PyValue, [width, first, blank]: Bound): PyValue {
  const blanks =
    typeof width === 'string'
      ? width
      : ' '.repeat(Math.max(0, Math.min(clamp(integer(width, 4n)), world.budget.limits.textChars)))
  if (typeof value !== 'string' && !(value instanceof PyMarkup)) throw unsuitable(value, 'indent')
  const text = `${str(value)}\n`
  const lines = splitLines(text)
  world.budget.text(text.length + lines.length * blanks.length)
  const [head = '', ...rest] = lines
  const indented = rest.map((line) => (line !== '' || truthy(blank ?? false) ? blanks + line : line))
  const result = (truthy(first ?? false) ? blanks : '') + [head, ...indented].join('\n')
  return value instanceof PyMarkup ? new PyMarkup(result) : result
}

function unsuitable(value: PyValue, name: string): PyError {
  if (value instanceof PyUndefined) return value.error()
  return typeError(`the filter '${name}' needs a text, not '${typeName(value)}'`)
}

function wordWrap(
  world: TemplateWorld,
  value: PyValue,
  [width, breakLong, mark, breakHyphens]: Bound,
): PyValue {
  const glue = mark === undefined || mark === null ? '\n' : str(mark)
  const options = {
    width: clamp(integer(width, 79n)),
    breakLong: truthy(breakLong ?? true),
    breakHyphens: truthy(breakHyphens ?? true),
  }
  if (typeof value !== 'string' && !(value instanceof PyMarkup)) throw unsuitable(value, 'wordwrap')
  const text = str(value)
  world.budget.text(text.length * 2)
  return splitLines(text)
    .map((line) => wrapLine(line, options).join(glue))
    .join(glue)
}

/** RFC 3986 quoting as `urllib.parse.quote`: in a query a blank is `+` and a slash is quoted. */
function urlQuote(value: PyValue, forQuery: boolean): string {
  const bytes = new TextEncoder().encode(str(value))
  let quoted = ''
  for (const byte of bytes) {
    const char = String.fromCharCode(byte)
    if (/[A-Za-z0-9_.\-~]/.test(char) || (char === '/' && !forQuery)) quoted += char
    else if (char === ' ' && forQuery) quoted += '+'
    else quoted += `%${byte.toString(16).toUpperCase().padStart(2, '0')}`
  }
  return quoted
}

function urlEncode(world: TemplateWorld, value: PyValue): PyValue {
  const isList =
    Array.isArray(value) ||
    (value instanceof PyObject && value.pyIterate !== undefined && !(value instanceof PyMarkup))
  if (!isList) return urlQuote(value, false)
  const pairs =
    value instanceof PyDict
      ? Array.from(value.entries(), (pair) => [...pair])
      : toArray(value, world.budget).map((pair) => toArray(pair, world.budget))
  return pairs
    .map(([key, item, ...rest]) => {
      if (key === undefined || item === undefined || rest.length > 0)
        throw valueError('expected pairs of a name and a value')
      return `${urlQuote(key, true)}=${urlQuote(item, true)}`
    })
    .join('&')
}

function replace(world: TemplateWorld, value: PyValue, [old, replacement, count]: Bound): PyValue {
  const most = integer(count, -1n, true)
  const [from = null, to = null] = [old, replacement]
  const isMarked = value instanceof PyMarkup
  const escapes = from instanceof PyMarkup || (to instanceof PyMarkup && !isMarked)
  if (!world.autoescape || !(escapes || isMarked))
    return replaceText(str(value), str(from), str(to), most, world.budget)
  // What is looked for is not escaped, what takes its place is.
  const text = escapes ? escapeHtml(value) : str(value)
  return new PyMarkup(replaceText(text, str(from), escapeHtml(to), most, world.budget))
}

const JSON_ESCAPES: Readonly<Record<string, string>> = {
  '<': '\\u003c',
  '>': '\\u003e',
  '&': '\\u0026',
  "'": '\\u0027',
}

function xmlAttributes(world: TemplateWorld, value: PyValue, [autospace]: Bound): PyValue {
  if (!(value instanceof PyDict)) throw typeError('xmlattr needs a dictionary')
  const parts: string[] = []
  for (const [key, item] of value.entries()) {
    if (item === null || item instanceof PyUndefined) continue
    const name = argumentText(key, 'an attribute name')
    if (/[\s/>=]/.test(name)) throw valueError(`Invalid character in attribute name: ${repr(name)}`)
    parts.push(`${escapeHtml(name)}="${escapeHtml(item)}"`)
  }
  const text = (truthy(autospace ?? true) && parts.length > 0 ? ' ' : '') + parts.join(' ')
  return world.autoescape ? new PyMarkup(text) : text
}

const ROWS: readonly FilterRow[] = [
  ['upper', [], onText((text) => text.toUpperCase())],
  ['lower', [], onText((text) => text.toLowerCase())],
  ['title', [], (_world, value) => title(str(value))],
  ['capitalize', [], (world, value) => viaMethod('capitalize')(world, value, [])],
  ['center', ['width'], (world, value, [width]) => viaMethod('center')(world, value, [width ?? 80n])],
  ['string', [], (_world, value) => (value instanceof PyMarkup ? value : str(value))],
  [
    'trim',
    ['chars'],
    (world, value, [chars]) =>
      chars === undefined || chars === null
        ? onText((text) => stripChars(text, isSpace))(world, value, [])
        : viaMethod('strip')(world, value, [chars]),
  ],
  ['truncate', ['length', 'killwords', 'end', 'leeway'], (_world, value, bound) => truncate(value, bound)],
  ['wordcount', [], (_world, value) => BigInt((str(value).match(/[\p{L}\p{N}_]+/gu) ?? []).length)],
  ['wordwrap', ['width', 'break_long_words', 'wrapstring', 'break_on_hyphens'], wordWrap],
  ['indent', ['width', 'first', 'blank'], indent],
  ['replace', ['old', 'new', 'count'], replace, 2],
  ['striptags', [], (_world, value) => stripTags(str(value))],
  ['escape', [], (_world, value) => new PyMarkup(escapeHtml(value))],
  ['forceescape', [], (_world, value) => new PyMarkup(escapeHtml(str(value)))],
  ['safe', [], (_world, value) => new PyMarkup(str(value))],
  ['urlencode', [], (world, value) => urlEncode(world, value)],
  [
    'urlize',
    ['trim_url_limit', 'nofollow', 'target', 'rel', 'extra_schemes'],
    (world, value, [limit, nofollow, target, rel]) => {
      const rels = new Set(splitWords(rel === undefined || rel === null ? '' : str(rel)))
      if (truthy(nofollow ?? false)) rels.add('nofollow')
      rels.add('noopener')
      const text = urlize(escapeHtml(value), {
        limit: limit === undefined || limit === null ? undefined : clamp(integer(limit, 0n)),
        rel: Array.from(rels).sort().join(' '),
        target: target === undefined || target === null ? '' : escapeHtml(target),
      })
      return world.autoescape ? new PyMarkup(text) : text
    },
  ],
  ['pprint', ['verbose'], (world, value) => prettyPrint(value, world.budget)],
  ['xmlattr', ['autospace'], xmlAttributes],
  [
    'tojson',
    ['indent'],
    (_world, value, [width]) => {
      const style =
        width === undefined || width === null
          ? {}
          : { indent: typeof width === 'string' ? width : clamp(integer(width, 0n)) }
      return new PyMarkup(
        dumpsJson(value, { ...style, sortKeys: true }).replace(
          /[<>&']/g,
          (char) => JSON_ESCAPES[char] ?? char,
        ),
      )
    },
  ],
]

/** `"%s" | format(…)`. */
const format: Filter = (world, value, { positional, named }) => {
  if (positional.length > 0 && named.size > 0)
    throw valueError("can't handle positional and keyword arguments at the same time")
  const filling = named.size > 0 ? new PyDict(named) : new PyTuple(positional)
  const template = value instanceof PyMarkup ? value : str(value)
  return operateOnMarkup('%', template, filling, world.budget) ?? binary('%', template, filling, world.budget)
}

/** Jinja's filters on texts: those with named parameters, and those that take any arguments. */
export const TEXT_FILTERS: {
  readonly rows: readonly FilterRow[]
  readonly free: readonly (readonly [string, Filter])[]
} = {
  rows: ROWS,
  free: [['format', format]],
}
