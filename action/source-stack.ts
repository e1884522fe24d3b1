import { readFileSync } from 'node:fs'
import { SourceMap } from 'node:module'

/**
 * A stack with the places of the sources, as `action/main.ts:12:5`, for files that have their map beside them, as
 * `index.cjs.map`. The rest of the text stays, and so do places that no map knows.
 */
export function sourceStack(stack: string): string {
  const maps = new Map<string, SourceMap | undefined>()
  const mapOf = (file: string) => {
    if (!maps.has(file)) maps.set(file, readMap(`${file}.map`))
    return maps.get(file)
  }
  return stack.replace(/((?:\/|[A-Za-z]:\\)[^\s():]+):(\d+):(\d+)/g, (place, file, line, column) => {
    const origin = mapOf(file)?.findOrigin(Number(line), Number(column))
    return origin && 'fileName' in origin
      ? `${origin.fileName}:${origin.lineNumber}:${origin.columnNumber}`
      : place
  })
}

function readMap(path: string): SourceMap | undefined {
  try {
    return new SourceMap(JSON.parse(readFileSync(path, 'utf8')))
  } catch {
    return undefined
  }
}
