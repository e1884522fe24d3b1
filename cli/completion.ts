import type { ArgumentSpec, CommandSpec, OptionSpec } from './command.ts'

export const SHELLS = ['bash', 'zsh', 'fish', 'powershell'] as const
export type Shell = (typeof SHELLS)[number]

/** The completion script of a shell. Names of workflows and ids of runs are asked from the program itself. Pure. */
export function renderCompletion(
  shell: Shell,
  commands: readonly CommandSpec[],
  globals: readonly OptionSpec[],
): string {
  return WRITERS[shell](commands, globals)
}

type Writer = (commands: readonly CommandSpec[], globals: readonly OptionSpec[]) => string

const WRITERS: Readonly<Record<Shell, Writer>> = { bash, zsh, fish, powershell }

/** Prints ids, one a line; an answer that takes long or fails completes nothing. */
const ASK: Readonly<Record<'workflows' | 'runs', string>> = {
  workflows: `codemie-ci list --json 2>/dev/null | sed -n 's/^ *"id": "\\(.*\\)",$/\\1/p'`,
  runs: `codemie-ci runs --json 2>/dev/null | sed -n 's/^ *"id": "\\(.*\\)",$/\\1/p'`,
}

function optionWords(options: readonly OptionSpec[]): string[] {
  return options.flatMap(({ name, short }) => (short ? [`--${name}`, `-${short}`] : [`--${name}`]))
}

/** What the first argument of a command is, in words of a POSIX shell. */
function argumentWords(argument: ArgumentSpec | undefined): string {
  const kind = argument?.completes
  if (kind === 'workflows' || kind === 'runs') return `$(${ASK[kind]})${kind === 'runs' ? ' latest' : ''}`
  return Array.isArray(kind) ? kind.join(' ') : ''
}

function takesFiles(command: CommandSpec): boolean {
  return command.args.some(({ completes }) => completes === undefined || completes === 'files')
}

function bash(commands: readonly CommandSpec[], globals: readonly OptionSpec[]): string {
  const cases = commands.map((command) => {
    const options = optionWords([...command.options, ...globals]).join(' ')
    const values = command.options
      .filter(({ choices }) => choices)
      .map(({ name, choices }) => `      --${name}) words="${choices?.join(' ')}" ;;`)
    return `    ${command.name})
      case "$previous" in
${values.length > 0 ? `${values.join('\n')}\n` : ''}      *)
        case "$current" in
        -*) words="${options}" ;;
        *) words="${argumentWords(command.args[0])}" ;;
        esac ;;
      esac ;;`
  })
  return `# bash completion of codemie-ci. In ~/.bashrc: source <(codemie-ci completion bash)
_codemie_ci() {
  local current="\${COMP_WORDS[COMP_CWORD]}" previous="\${COMP_WORDS[COMP_CWORD-1]}" words=""
  if [ "$COMP_CWORD" -eq 1 ]; then
    words="${[...commands.map(({ name }) => name), 'help', '--help', '--version'].join(' ')}"
  else
    case "\${COMP_WORDS[1]}" in
${cases.join('\n')}
    help) words="${commands.map(({ name }) => name).join(' ')}" ;;
    esac
  fi
  COMPREPLY=($(compgen -W "$words" -- "$current"))
}
complete -o default -F _codemie_ci codemie-ci
`
}

function zshText(text: string): string {
  return text.replaceAll("'", "'\\''").replaceAll('[', '\\[').replaceAll(']', '\\]').replaceAll(':', '\\:')
}

function zsh(commands: readonly CommandSpec[], globals: readonly OptionSpec[]): string {
  const describeAll = commands.map(({ name, summary }) => `    '${name}:${zshText(summary)}'`)
  const cases = commands.map((command) => {
    const options = [...command.options, ...globals].flatMap((option) => zshOption(option))
    const args = command.args.map(zshArgument)
    return `    ${command.name})
      _arguments \\\n${[...options, ...args].map((line) => `        ${line}`).join(' \\\n')} ;;`
  })
  return `#compdef codemie-ci
# zsh completion of codemie-ci. In ~/.zshrc: source <(codemie-ci completion zsh)
_codemie_ci_workflows() { local -a ids; ids=(\${(f)"$(${ASK.workflows})"}); compadd -a ids }
_codemie_ci_runs() { local -a ids; ids=(latest \${(f)"$(${ASK.runs})"}); compadd -a ids }
_codemie_ci() {
  local -a commands
  commands=(
${describeAll.join('\n')}
  )
  if (( CURRENT == 2 )); then
    _describe 'command' commands
    return
  fi
  local command="\${words[2]}"
  shift words
  (( CURRENT-- ))
  case "$command" in
${cases.join('\n')}
  esac
}
compdef _codemie_ci codemie-ci
`
}

function zshOption({ name, short, kind, value, choices, summary }: OptionSpec): string[] {
  const action =
    kind === 'flag' ? '' : `:${value ?? 'value'}:${choices ? `(${choices.join(' ')})` : '_files'}`
  const many = kind === 'texts' ? '*' : ''
  const words = [`'${many}--${name}[${zshText(summary)}]${action}'`]
  return short ? [...words, `'${many}-${short}[${zshText(summary)}]${action}'`] : words
}

function zshArgument({ name, variadic, completes }: ArgumentSpec): string {
  const action =
    completes === 'workflows'
      ? '_codemie_ci_workflows'
      : completes === 'runs'
        ? '_codemie_ci_runs'
        : Array.isArray(completes)
          ? `(${completes.join(' ')})`
          : completes === 'nothing'
            ? ' '
            : '_files'
  return `'${variadic ? '*' : ''}:${name}:${action}'`
}

function fish(commands: readonly CommandSpec[], globals: readonly OptionSpec[]): string {
  const quote = (text: string) => `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`
  const option = ({ name, short, kind, choices, summary }: OptionSpec) =>
    [
      `-l ${name}`,
      ...(short ? [`-s ${short}`] : []),
      ...(kind === 'flag' ? [] : [choices ? `-x -a ${quote(choices.join(' '))}` : '-r']),
      `-d ${quote(summary)}`,
    ].join(' ')
  const lines = commands.flatMap((command) => {
    const here = `complete -c codemie-ci -n '__fish_seen_subcommand_from ${command.name}'`
    const words = argumentWords(command.args[0]).replaceAll('$(', '(')
    return [
      `complete -c codemie-ci -n __fish_use_subcommand -f -a ${command.name} -d ${quote(command.summary)}`,
      ...(takesFiles(command) ? [] : [`${here} -f`]),
      ...(words === '' ? [] : [`${here} -f -a ${quote(words)}`]),
      ...command.options.map((one) => `${here} ${option(one)}`),
    ]
  })
  return `# fish completion of codemie-ci. In ~/.config/fish/config.fish: codemie-ci completion fish | source
${lines.join('\n')}
${globals.map((one) => `complete -c codemie-ci ${option(one)}`).join('\n')}
`
}

function powershell(commands: readonly CommandSpec[], globals: readonly OptionSpec[]): string {
  const quote = (text: string) => `'${text.replaceAll("'", "''")}'`
  const rows = commands.map(
    (command) =>
      `    ${quote(command.name)} = @(${optionWords([...command.options, ...globals])
        .map(quote)
        .join(', ')})`,
  )
  const asks = commands
    .filter(({ args }) => args[0]?.completes === 'workflows' || args[0]?.completes === 'runs')
    .map(({ name, args }) => `    ${quote(name)} = ${quote(args[0]?.completes === 'runs' ? 'runs' : 'list')}`)
  return `# PowerShell completion of codemie-ci. In $PROFILE: codemie-ci completion powershell | Out-String | Invoke-Expression
Register-ArgumentCompleter -Native -CommandName codemie-ci -ScriptBlock {
  param($word, $ast, $position)
  $options = @{
${rows.join('\n')}
  }
  $lists = @{
${asks.join('\n')}
  }
  $typed = @($ast.CommandElements | ForEach-Object { $_.ToString() })
  if ($typed.Count -le 1 -or ($typed.Count -eq 2 -and $word)) { $candidates = @($options.Keys) + 'help' }
  elseif ($word -like '-*') { $candidates = $options[$typed[1]] }
  elseif ($lists.ContainsKey($typed[1])) {
    $answer = codemie-ci $lists[$typed[1]] --json 2>$null | ConvertFrom-Json
    $candidates = @($answer.workflows.id) + @($answer.runs.id)
  }
  else { return }
  $candidates | Where-Object { $_ -like "$word*" } | Sort-Object | ForEach-Object {
    [System.Management.Automation.CompletionResult]::new($_, $_, 'ParameterValue', $_)
  }
}
`
}
