import { describe, expect, it } from 'vitest'
import { COMMANDS } from '../../../cli/commands.ts'
import { Invocation, type ParsedLine } from '../../../cli/invocation.ts'
import { parseLine, parseQuickly } from '../../../cli/parse-line.ts'
import { parseWithYargs } from '../../../cli/parse-with-yargs.ts'

const shown = ({
  command,
  positionals,
  options,
}: ParsedLine | { command: undefined; positionals: readonly string[]; options: object }) => ({
  command: command?.name,
  positionals: [...positionals],
  options: { ...options },
})

describe('parsing without yargs', () => {
  const lines = [
    ['validate'],
    ['validate', 'a.yaml', 'b.yaml'],
    ['validate', 'a.yaml', '--strict', '--format', 'github'],
    ['validate', '--format=json', '-C', 'sub', 'a.yaml'],
    ['validate', '--no-color', '--', '--strange.yaml'],
    ['validate', '-h'],
    ['explain', 'unknown-state', '--json'],
  ]
  it.each(lines)('means the same as with yargs: %s %s %s', (...argv) => {
    const quick = parseQuickly(argv)
    expect(quick).toBeDefined()
    expect(shown(quick as ParsedLine)).toEqual(shown(parseWithYargs(argv)))
  })

  it.each([
    ['an unknown option', ['validate', '--strct']],
    ['a missing value', ['validate', '--format']],
    ['an option before the command', ['-C', 'sub', 'validate']],
  ])('leaves %s to yargs', (_what, argv) => {
    expect(parseQuickly(argv)).toBeUndefined()
  })
})

describe('a command line', () => {
  const cases: [string, string[], string, string[], object][] = [
    [
      'repeated inputs',
      ['run', 'x', '-i', 'a=1', '-i', 'b=2'],
      'run',
      ['x'],
      { 'input-value': ['a=1', 'b=2'] },
    ],
    ['an input with an equals sign', ['run', 'x', '-i', 'a=b=c'], 'run', ['x'], { 'input-value': ['a=b=c'] }],
    ['standard input', ['run', 'x', '-'], 'run', ['x', '-'], {}],
    ['an option after the workflow', ['run', 'x', '--json'], 'run', ['x'], { json: true }],
    ['an option before the command', ['-C', 'sub', 'list'], 'list', [], { directory: 'sub' }],
    ['a value that looks like a number', ['runs', '-n', '007'], 'runs', [], { limit: '007' }],
    ['a name that looks like a number', ['run', '007'], 'run', ['007'], {}],
    ['a value given twice', ['run', 'x', '--model', 'a', '--model', 'b'], 'run', ['x'], { model: 'b' }],
    ['a flag that begins with no', ['run', 'x', '--no-commit'], 'run', ['x'], { 'no-commit': true }],
    ['a dotted value', ['run', 'x', '-i', 'a.b=1'], 'run', ['x'], { 'input-value': ['a.b=1'] }],
  ]
  it.each(cases)('with %s', async (_what, argv, command, positionals, options) => {
    expect(shown(await parseLine(argv))).toEqual({ command, positionals, options })
  })

  it.each([
    ['an unknown command', ['vlidate'], "There is no command 'vlidate'. Did you mean 'validate'?"],
    [
      'an unknown option',
      ['run', 'x', '--jsn'],
      "'codemie-ci run' has no option '--jsn'. Did you mean '--json'?",
    ],
    ['an unknown letter', ['run', 'x', '-q'], "'codemie-ci run' has no option '-q'."],
    ['an option of another command', ['list', '--push'], "'codemie-ci list' has no option '--push'."],
    [
      'a missing argument',
      ['run'],
      "'codemie-ci run' needs a <workflow>: File stem, path or name of the workflow; with @REVISION as that commit has it.",
    ],
    [
      'an argument too many',
      ['doctor', 'x'],
      "'codemie-ci doctor' takes no argument, and 'x' is one too many.",
    ],
    [
      'a choice that does not exist',
      ['validate', '--format', 'githb'],
      "--format takes text, json, github, and not 'githb'. Did you mean 'github'?",
    ],
    ['a missing value', ['run', 'x', '--model'], "The option '--model' needs a value."],
  ])('is refused for %s', async (_what, argv, message) => {
    await expect(parseLine(argv)).rejects.toMatchObject({ code: 'usage', exitStatus: 2, message })
  })
})

describe('the table of commands', () => {
  it('spells every name once', () => {
    const names = COMMANDS.map(({ name }) => name)
    expect(new Set(names).size).toBe(names.length)
    for (const command of COMMANDS) {
      const options = command.options.flatMap(({ name, short }) => (short ? [name, short] : [name]))
      expect(new Set(options).size).toBe(options.length)
    }
  })

  it.each(COMMANDS.map((command) => [command.name, command] as const))(
    '%s shows examples that parse',
    async (_name, command) => {
      expect(command.examples.length).toBeGreaterThan(0)
      for (const { line } of command.examples) {
        const words = line.slice(line.indexOf('codemie-ci') + 'codemie-ci '.length).split(/\s*[|>)]/)[0] ?? ''
        const argv = [...words.matchAll(/"([^"]*)"|(\S+)/g)].map((match) => match[1] ?? match[2] ?? '')
        expect((await parseLine(argv)).command?.name).toBe(command.name)
      }
    },
  )

  it.each(COMMANDS.map((command) => [command.name, command] as const))(
    '%s can be loaded',
    async (_name, command) => {
      expect(await command.load()).toBeTypeOf('function')
    },
  )

  it('does not let a command ask for what it does not take', async () => {
    const line = await parseLine(['list'])
    expect(() => new Invocation(line as ParsedLine).flag('push')).toThrow("has no flag option 'push'")
  })
})
