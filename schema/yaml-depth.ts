import { Lexer } from 'yaml'

/**
 * Where a text begins to nest deeper than `limit` levels; `undefined`: nowhere. The parser is recursive, and a stack that
 * ends inside it can take the whole process down, so this is asked first. It looks at tokens only and costs nothing for
 * texts with few brackets and shallow lines.
 */
export function findTooDeep(text: string, limit: number): number | undefined {
  return deepTokens(text, limit) ?? deepIndentation(text, limit)
}

/** `[[[…` and `- - - …`. */
function deepTokens(text: string, limit: number): number | undefined {
  if (!mayNestInLine(text, limit)) return undefined
  let offset = 0
  let brackets = 0
  let indicators = 0
  for (const token of new Lexer().lex(text)) {
    if (isMarker(token)) continue
    if (token === '[' || token === '{') brackets++
    else if (token === ']' || token === '}') brackets--
    else if (token === '-' || token === '?' || token === ':') indicators++
    else if (token === '\n' || token === '\r\n') indicators = 0
    if (brackets + indicators > limit) return offset
    offset += token.length
  }
  return undefined
}

/** The lexer marks the starts of documents and scalars, and broken flows, with characters that are not in the text. */
function isMarker(token: string): boolean {
  return token === '\u0002' || token === '\u001f' || token === '\u0018'
}

function mayNestInLine(text: string, limit: number): boolean {
  let open = 0
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i)
    if ((code === OPEN_BRACKET || code === OPEN_BRACE) && ++open > limit) return true
  }
  return /(?:[-?:] +){32}/.test(text)
}

const OPEN_BRACKET = 0x5b
const OPEN_BRACE = 0x7b

/** Lines that are indented further and further. */
function deepIndentation(text: string, limit: number): number | undefined {
  const deep = `\n${' '.repeat(limit)}`
  if (!text.includes(deep)) return undefined
  const levels: number[] = []
  let offset = 0
  for (const line of text.split('\n')) {
    const indent = line.search(/[^ ]/)
    if (indent >= 0) {
      while (levels.length > 0 && (levels.at(-1) ?? 0) >= indent) levels.pop()
      levels.push(indent)
      if (levels.length > limit) return offset
    }
    offset += line.length + 1
  }
  return undefined
}
