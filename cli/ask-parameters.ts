import { createInterface } from 'node:readline'
import { Refusal } from '../runner/failure.ts'
import { fitParameters } from '../runner/templates.ts'
import type { InputSpec } from '../schema/workflow.ts'
import type { Cli } from './context.ts'
import { EXIT } from './exit-status.ts'
import { inlineJson } from './ui/json.ts'
import { oneLine } from './ui/plain-text.ts'

type Pair = readonly [name: string, text: string]

/**
 * Asks a person for the parameters that were not typed, one line each, and again until the answer fits. An empty line takes the
 * default. Refuses with `interrupted` when they leave.
 */
export async function askParameters(
  parameters: readonly InputSpec[],
  typed: readonly Pair[],
  cli: Cli,
  { stdin, stderr }: NonNullable<Cli['terminal']>,
): Promise<readonly Pair[]> {
  const open = parameters.filter(({ name }) => !typed.some(([one]) => one === name))
  if (open.length === 0) return []
  const { bold, dim, red } = cli.look.stderr
  // A list that was drawn before lets go of standard input, and the process would end while it waits.
  stdin.ref?.()
  const lines = createInterface({ input: stdin, output: stderr, terminal: stdin.isTTY === true })
  const answers = lines[Symbol.asyncIterator]()
  const given: Pair[] = []
  cli.stderr.write(dim('An empty line takes what stands in brackets; Ctrl-C leaves.\n'))
  try {
    for (const parameter of open) {
      for (;;) {
        lines.setPrompt(questionOf(parameter, bold, dim))
        lines.prompt()
        const { value: line, done } = await answers.next()
        if (done) throw left()
        if (line === '' && parameter.default !== undefined) break
        const { problems } = await fitParameters(
          [parameter],
          line === '' ? [] : [[parameter.name, line]],
          true,
        )
        if (problems.length === 0) {
          given.push([parameter.name, line])
          break
        }
        for (const { message } of problems) cli.stderr.write(`${red(oneLine(message))}\n`)
      }
    }
  } finally {
    lines.close()
  }
  return given
}

type Paint = (text: string) => string

function questionOf(
  { name, description, schema, default: fallback }: InputSpec,
  bold: Paint,
  dim: Paint,
): string {
  const allowed = Array.isArray(schema['enum']) ? ` (${schema['enum'].join(', ')})` : ''
  const known = fallback === undefined ? '' : ` [${textOf(fallback)}]`
  return `${bold(oneLine(description || name))}${dim(oneLine(`${allowed}${known}`) && ` ${oneLine(`${allowed}${known}`)}`)}\n${oneLine(name)}: `
}

/** A default as it would be typed. */
function textOf(value: unknown): string {
  return typeof value === 'string' ? value : inlineJson(value)
}

function left(): Refusal {
  return new Refusal('interrupted', 'Not all questions were answered, and nothing was written', {
    exitStatus: EXIT.interrupted,
  })
}
