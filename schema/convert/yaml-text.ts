/** What the YAML of a definition is made of. A key whose value is `undefined` is left out. */
export type YamlValue =
  | string
  | number
  | bigint
  | boolean
  | readonly YamlValue[]
  | { readonly [key: string]: YamlValue | undefined }

/** Writes a map as YAML, with texts of several lines as blocks. Every reader of YAML 1.1 or 1.2 reads the same values from it. */
export function yamlText(root: { readonly [key: string]: YamlValue | undefined }): string {
  return `${mapLines(root, 0).join('\n')}\n`
}

function mapLines(map: { readonly [key: string]: YamlValue | undefined }, indent: number): string[] {
  return Object.entries(map).flatMap(([key, value]) =>
    value === undefined ? [] : entryLines(`${' '.repeat(indent)}${scalar(key)}:`, value, indent),
  )
}

function entryLines(head: string, value: YamlValue, indent: number): string[] {
  if (typeof value !== 'object')
    return [`${head} ${typeof value === 'string' ? text(value, indent + 2) : value}`]
  if (Array.isArray(value)) {
    if (value.every((one) => typeof one !== 'object')) return [`${head} [${value.map(flow).join(', ')}]`]
    return [head, ...value.flatMap((one) => itemLines(one, indent + 2))]
  }
  const lines = mapLines(value as { readonly [key: string]: YamlValue | undefined }, indent + 2)
  return lines.length === 0 ? [`${head} {}`] : [head, ...lines]
}

function itemLines(item: YamlValue, indent: number): string[] {
  if (typeof item !== 'object' || Array.isArray(item))
    return entryLines(`${' '.repeat(indent)}-`, item, indent)
  const [first = '', ...rest] = mapLines(
    item as { readonly [key: string]: YamlValue | undefined },
    indent + 2,
  )
  return [`${' '.repeat(indent)}- ${first.slice(indent + 2)}`, ...rest]
}

function flow(value: YamlValue): string {
  return typeof value === 'string' ? scalar(value) : String(value)
}

/** A text of several lines, or with quotes of both kinds, is a block, unless it would be read differently there. */
function text(value: string, indent: number): string {
  const lines = value.replace(/\n$/, '').split('\n')
  const canBeBlock =
    (lines.length > 1 || (/["\\]/.test(value) && value.includes("'"))) &&
    /^\S/.test(value) &&
    !/\n\n$|[^\n\t -~\u00a0-\u200d\u2010-\u2027\u202f-\u2065\u206a-\ud7ff\ue000-\ufefe\uff00-\ufffd]/.test(
      withoutPairs(value),
    )
  if (!canBeBlock) return scalar(value)
  const block = lines.map((line) => (line === '' ? '' : `${' '.repeat(indent)}${line}`)).join('\n')
  return `${value.endsWith('\n') ? '|' : '|-'}\n${block}`
}

function withoutPairs(value: string): string {
  return value.replace(/[\ud800-\udbff][\udc00-\udfff]/g, '')
}

const PLAIN = /^[A-Za-z][\w-]*(?:[ /.][\w-]+)*$/
/** Words that YAML 1.1 or 1.2 reads as something else than a text. */
const WORDS = /^(?:y|n|yes|no|on|off|true|false|null|nan|inf)$/i

function scalar(value: string): string {
  if (PLAIN.test(value) && !WORDS.test(value)) return value
  if (/["\\]/.test(value) && QUOTABLE.test(value)) return `'${value.replaceAll("'", "''")}'`
  return JSON.stringify(value).replace(SIGNS, (sign, at: number, all: string) =>
    isPaired(all, at) ? sign : `\\u${sign.charCodeAt(0).toString(16).padStart(4, '0')}`,
  )
}

/** Without signs that are not seen, or that turn the direction of what is. */
const QUOTABLE = /^[ -~\u00a0-\u200d\u2010-\u2027\u202f-\u2065\u206a-\ud7ff\ue000-\ufefe]*$/
const SIGNS = /[\u007f-\u009f\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff\ud800-\udfff]/g

function isPaired(all: string, at: number): boolean {
  return (
    /[\ud800-\udbff][\udc00-\udfff]/.test(all.slice(at, at + 2)) ||
    /[\ud800-\udbff][\udc00-\udfff]/.test(all.slice(at - 1, at + 1))
  )
}
