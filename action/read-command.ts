import { Refusal } from '../runner/failure.ts'
import { showHidden } from '../runner/report/neutralise.ts'
import { oneLine } from '../runner/report/plain-text.ts'
import { isRunId } from '../runner/store/run-id.ts'
import { didYouMean } from '../schema/nearest.ts'

/** What somebody asks for in a comment, read. */
export type Command =
  | {
      readonly name: 'run'
      readonly workflow: string
      /** As they were written; a key that comes twice is not among them. */
      readonly inputs: Readonly<Record<string, string>>
    }
  | { readonly name: 'approve'; readonly run: string; readonly step: string; readonly digest?: string }
  | { readonly name: 'reject'; readonly run: string; readonly step: string; readonly reason?: string }
  | { readonly name: 'rerun'; readonly run: string }
  | { readonly name: 'abort'; readonly run: string; readonly reason?: string }
  | { readonly name: 'help' }

/** Every command with the words that it takes, and what it does, for people. */
export const COMMANDS: Readonly<Record<Command['name'], { readonly takes: string; readonly does: string }>> =
  {
    run: {
      takes: '<workflow> [key=value …]',
      does: 'starts a workflow that has `workflow_dispatch` under `on`',
    },
    approve: { takes: '<run> <step> <digest>', does: 'says yes to what a step of a run waits for' },
    reject: { takes: '<run> <step> [reason]', does: 'says no to it; the step fails and is not run' },
    rerun: { takes: '<run>', does: 'starts a new run of what another one was given' },
    abort: { takes: '<run> [reason]', does: 'ends a run for good' },
    help: { takes: '', does: 'shows this' },
  }

/** Characters that a line with a command may have. */
const LONGEST_LINE = 4000

const READERS: Readonly<Record<Command['name'], (words: readonly string[]) => Command>> = {
  run: ([workflow, ...pairs]) => {
    if (workflow === undefined || isPair(workflow)) throw expected('run', 'the name of a workflow', workflow)
    return { name: 'run', workflow, inputs: readPairs(pairs) }
  },
  approve: ([run, step, digest, ...more]) => {
    const place = { run: readRunId('approve', run), step: readStep('approve', step) }
    if (more.length > 0) throw expected('approve', 'nothing after the digest', more[0])
    if (digest === undefined) return { name: 'approve', ...place }
    if (/^[0-9a-f]{8,64}$/.test(digest)) return { name: 'approve', ...place, digest }
    throw expected('approve', 'the first 8 or more digits of a digest', digest)
  },
  reject: ([run, step, ...reason]) => ({
    name: 'reject',
    run: readRunId('reject', run),
    step: readStep('reject', step),
    ...readReason(reason),
  }),
  rerun: ([run, ...more]) => {
    if (more.length > 0) throw expected('rerun', 'nothing after the run', more[0])
    return { name: 'rerun', run: readRunId('rerun', run) }
  },
  abort: ([run, ...reason]) => ({ name: 'abort', run: readRunId('abort', run), ...readReason(reason) }),
  help: () => ({ name: 'help' }),
}

/**
 * Reads the line of a command, which begins with `/codemie`: words between spaces, where `"…"` holds spaces together and
 * `\"`, `\\` and `\n` stand for a quote, a backslash and a line break in it. Pure. Refuses with `command-invalid`, and says
 * what was expected.
 */
export function readCommand(line: string): Command {
  const [, name, ...words] = splitWords(line)
  if (name === undefined) return { name: 'help' }
  if (isCommandName(name)) return READERS[name](words)
  throw new Refusal('command-invalid', `There is no command '${shown(name)}'`, {
    help: `${didYouMean(name, Object.keys(COMMANDS))}There are ${Object.keys(COMMANDS).join(', ')}.`,
  })
}

function isCommandName(name: string): name is Command['name'] {
  return Object.hasOwn(COMMANDS, name)
}

function splitWords(line: string): readonly string[] {
  if (line.length > LONGEST_LINE) {
    throw new Refusal(
      'command-invalid',
      `A command has at most ${LONGEST_LINE} characters, and this one has ${line.length}`,
    )
  }
  if (showHidden(line) !== line) {
    throw new Refusal('command-invalid', 'The command holds characters that nobody sees', {
      help: `Type it anew. It reads ${shown(showHidden(line))}.`,
    })
  }
  const words: string[] = []
  for (const [word] of line.matchAll(/(?:"(?:\\.|[^"\\])*"|[^\s"]|")+/g)) {
    words.push(word.replace(/"((?:\\.|[^"\\])*)"|"/g, (_, inner: string | undefined) => unquote(inner)))
  }
  return words
}

/** @param inner `undefined`: a quote that nothing ends. */
function unquote(inner: string | undefined): string {
  if (inner === undefined) {
    throw new Refusal('command-invalid', 'A quote is not closed', {
      help: 'Write `"` at both ends of a value with spaces, and `\\"` for one within.',
    })
  }
  return inner.replace(/\\(.)/g, (_, sign: string) => (sign === 'n' ? '\n' : sign))
}

const PAIR = /^([A-Za-z_][\w.-]*)=([\s\S]*)$/

function isPair(word: string): boolean {
  return PAIR.test(word)
}

function readPairs(words: readonly string[]): Readonly<Record<string, string>> {
  const pairs = new Map<string, string>()
  for (const word of words) {
    const [, key, value = ''] = PAIR.exec(word) ?? []
    if (key === undefined) throw expected('run', '`key=value`', word)
    if (pairs.has(key)) {
      throw new Refusal('command-invalid', `'${shown(key)}' is given twice`, { help: usageOf('run') })
    }
    pairs.set(key, value)
  }
  return Object.fromEntries(pairs)
}

function readRunId(name: Command['name'], word: string | undefined): string {
  if (word !== undefined && isRunId(word)) return word
  throw expected(name, 'the whole id of a run, such as `20260102T030405Z-3f9a1c2e`', word)
}

function readStep(name: Command['name'], word: string | undefined): string {
  if (word !== undefined && word !== '') return word
  throw expected(name, 'the step that waits', word)
}

function readReason(words: readonly string[]): { readonly reason?: string } {
  return words.length === 0 ? {} : { reason: words.join(' ') }
}

function expected(name: Command['name'], what: string, found: string | undefined): Refusal {
  const instead = found === undefined ? 'nothing' : `'${shown(found)}'`
  return new Refusal('command-invalid', `\`/codemie ${name}\` takes ${what} there, and found ${instead}`, {
    help: usageOf(name),
  })
}

function usageOf(name: Command['name']): string {
  return `It is written so: /codemie ${name} ${COMMANDS[name].takes}`.trim()
}

function shown(text: string): string {
  return oneLine(text).slice(0, 200)
}
