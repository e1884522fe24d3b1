import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

/** CodeMie's templates are not ours to keep: they are looked for beside the clone, or where the variable says. */
export const CORPUS =
  process.env['CODEMIE_CORPUS'] ?? fileURLToPath(new URL('../../../shared/corpus/codemie', import.meta.url))

/** The same for workflows of octomind. */
export const OCTOMIND_CORPUS =
  process.env['OCTOMIND_CORPUS'] ?? fileURLToPath(new URL('../../../shared/corpus/octomind', import.meta.url))

/** Names of the files of octomind that are at hand; empty where there are none. */
export function octomindFiles(): readonly string[] {
  if (!existsSync(OCTOMIND_CORPUS)) return []
  return readdirSync(OCTOMIND_CORPUS)
    .filter((file) => file.endsWith('.toml'))
    .sort()
}

/** Names of the template files that are at hand; empty where there are none. */
export function corpusFiles(): readonly string[] {
  if (!existsSync(CORPUS)) return []
  return readdirSync(CORPUS)
    .filter((file) => file.endsWith('.yaml'))
    .sort()
}

/** The text of a template file. */
export function corpusText(file: string): string {
  return readFileSync(join(CORPUS, file), 'utf8')
}
