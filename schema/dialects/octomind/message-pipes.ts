import { readText, readTexts } from '../../lax.ts'
import { compileRustPattern, type RustPattern } from '../../pattern.ts'
import { readToml } from '../../toml.ts'
import { childOf } from '../../yaml.ts'
import { itemsOf } from './file-draft.ts'

/** A program that changes what a role is told: a `[[pipe]]` table. */
export interface MessagePipe {
  readonly name: string
  readonly command: string
  /** Only texts in which it matches. `undefined`: all. */
  readonly match?: RustPattern
  /** Only the first message of a conversation, or any. */
  readonly when: 'first' | 'any'
  /** Roles that it is for. Empty: all. */
  readonly roles: readonly string[]
}

/** A message on its way to a role. */
export interface PipedMessage {
  readonly text: string
  readonly role: string
  /** Messages that the role has had before in the conversation. */
  readonly earlier: number
}

/** Reads the rules, or says what is wrong with them, in words that follow a colon. */
export function readPipes(file: string, text: string): readonly MessagePipe[] | string {
  const { root, diagnostics } = readToml(file, text)
  const problem = diagnostics.find(({ severity }) => severity === 'error')
  if (problem || !root)
    return problem ? `${problem.line}:${problem.column}: ${problem.message}` : 'it is empty'
  const pipes: MessagePipe[] = []
  for (const [i, table] of itemsOf(childOf(root, 'pipe')).entries()) {
    const get = (key: string) => readText(childOf(table, key)) ?? ''
    const name = get('name')
    const command = get('command')
    if (name.trim() === '' || command.trim() === '') return `[[pipe]] ${i + 1} needs 'name' and 'command'`
    const when = get('when') || 'any'
    if (when !== 'any' && when !== 'first') return `'when' of the pipe '${name}' is neither any nor first`
    const match = get('match')
    const compiled = match === '' ? undefined : compileRustPattern(match)
    if (compiled && !compiled.ok) return `the pattern of the pipe '${name}' ${compiled.problem}`
    const roles = readTexts(childOf(table, 'roles')) ?? []
    pipes.push({ name, command, when, roles, ...(compiled ? { match: compiled.pattern } : {}) })
  }
  return pipes
}

/** The pipes that take a message. More than one is an error of whoever wrote them. Fails as patterns do on texts that are too long. */
export function pipesFor(
  pipes: readonly MessagePipe[],
  { text, role, earlier }: PipedMessage,
): readonly MessagePipe[] {
  return pipes.filter(
    ({ when, roles, match }) =>
      (when === 'any' || earlier === 0) &&
      (roles.length === 0 || roles.includes(role)) &&
      (match === undefined || match.occursIn(text)),
  )
}
