import { Refusal } from '../../runner/failure.ts'
import { createGit } from '../../runner/git/git.ts'
import { describeRepository } from '../../runner/git/repository.ts'
import { missingVariables } from '../../runner/integrations.ts'
import type { DescribedServer } from '../../runner/mcp/check.ts'
import { checkProvider } from '../../runner/models/check-provider.ts'
import { modelSettings } from '../../runner/models/model-settings.ts'
import { type ResolvedModel, resolveModel } from '../../runner/models/providers.ts'
import { gatherPlanFacts } from '../../runner/plan-facts.ts'
import { isOnPath } from '../../runner/process/on-path.ts'
import type { Definition, Project } from '../../runner/project.ts'
import { toolUsersOf } from '../../schema/needs.ts'
import type { CommandRunner } from '../command.ts'
import type { Cli } from '../context.ts'
import { EXIT } from '../exit-status.ts'
import type { Invocation } from '../invocation.ts'
import { openProjectFor } from '../project.ts'
import { printJson } from '../ui/json.ts'
import type { Palette } from '../ui/palette.ts'
import { count, oneLine } from '../ui/plain-text.ts'

/** One thing that was looked at. */
interface Finding {
  readonly check: string
  readonly state: 'ok' | 'warning' | 'failed'
  readonly message: string
  /** How to mend it. */
  readonly help?: string
}

/** Before it git has no `--porcelain` answers of pushes with leases that we rely on. */
const OLDEST_GIT = [2, 29] as const
const OLDEST_NODE = [20, 19] as const

/** `codemie-ci doctor`: what is wrong and how to mend it. Exits 1 when something does not work. */
export const doctor: CommandRunner = async (invocation, cli) => {
  const findings: Finding[] = []
  const say = (finding: Finding) => {
    findings.push(finding)
    if (!invocation.flag('json')) cli.stdout.write(render(finding, cli.look.stdout))
  }
  say(checkNode())
  const git = await checkGit(cli)
  say(git)
  const project = git.state === 'failed' ? undefined : await checkRepository(invocation, cli, say)
  if (project) {
    await checkResults(project, say)
    const definitions = await project.definitions()
    say(checkConfig(project))
    checkVariables(project, cli, say)
    say(checkDefinitions(definitions))
    await checkModels(project, definitions, cli, invocation.flag('offline'), say)
  }
  const failed = findings.filter(({ state }) => state === 'failed').length
  if (invocation.flag('json')) printJson(cli, { healthy: failed === 0, findings })
  else cli.stdout.write(summarise(findings, failed, cli.look.stdout))
  return failed > 0 ? EXIT.failed : EXIT.done
}

function checkNode(): Finding {
  const found = process.versions.node
  return isAtLeast(found, OLDEST_NODE)
    ? { check: 'node', state: 'ok', message: `Node ${found}` }
    : {
        check: 'node',
        state: 'failed',
        message: `Node ${found} is too old`,
        help: `Install Node ${OLDEST_NODE.join('.')} or newer.`,
      }
}

async function checkGit(cli: Cli): Promise<Finding> {
  try {
    const { stdout } = await createGit(cli.world.cwd, cli.world.env).run({ args: ['--version'] })
    const version = /\d+(?:\.\d+)+/.exec(stdout.toString('utf8'))?.[0] ?? 'of an unknown version'
    return isAtLeast(version, OLDEST_GIT)
      ? { check: 'git', state: 'ok', message: `git ${version}` }
      : {
          check: 'git',
          state: 'failed',
          message: `git ${version} is too old`,
          help: `Install git ${OLDEST_GIT.join('.')} or newer.`,
        }
  } catch (error) {
    return {
      check: 'git',
      state: 'failed',
      message: `git does not start: ${oneLine((error as Error).message)}`,
      help: 'Install git, and make sure that it is on the PATH.',
    }
  }
}

function isAtLeast(version: string, [major, minor]: readonly [number, number]): boolean {
  const [found = 0, foundMinor = 0] = version.split('.').map(Number)
  return found > major || (found === major && foundMinor >= minor)
}

type Say = (finding: Finding) => void

async function checkRepository(invocation: Invocation, cli: Cli, say: Say): Promise<Project | undefined> {
  try {
    const project = await openProjectFor(invocation, cli)
    const { head, changedFiles, user } = await describeRepository(project.repository)
    const where = head.kind === 'detached' ? 'a detached head' : `branch ${head.branch}`
    const dirty = changedFiles === 0 ? 'clean' : `${count(changedFiles, 'changed file')}, which runs record`
    say({ check: 'repository', state: 'ok', message: `${project.root}, ${where}, ${dirty}` })
    if (head.kind === 'unborn') {
      say({
        check: 'commits',
        state: 'warning',
        message: 'There is no commit yet',
        help: 'Workflows that read history find nothing before the first `git commit`.',
      })
    }
    if (!user) {
      say({
        check: 'identity',
        state: 'warning',
        message: 'git does not know who you are, so records name codemie-ci as their author',
        help: 'git config user.name "Your Name" and git config user.email you@example.com',
      })
    }
    return project
  } catch (error) {
    if (!(error instanceof Refusal)) throw error
    say({
      check: 'repository',
      state: 'failed',
      message: error.message,
      ...(error.help === undefined ? {} : { help: error.help }),
    })
    return undefined
  }
}

async function checkResults({ repository, config }: Project, say: Say): Promise<void> {
  const { branch, remote } = config.results
  const { stdout, exitCode } = await repository.git.run({
    args: ['rev-list', '--count', `refs/heads/${branch}`],
    okCodes: [0, 128],
  })
  const commits = exitCode === 0 ? Number.parseInt(stdout.toString('utf8'), 10) : 0
  const { remote: found } = await describeRepository(repository, remote)
  say({
    check: 'results',
    state: 'ok',
    message: `${commits === 0 ? `Branch ${branch} starts with the first run` : `Branch ${branch} has ${count(commits, 'commit')}`}; ${found ? `remote ${found.name} is ${found.url}` : 'no remote, so records stay here'}`,
  })
}

function checkConfig({ configDiagnostics }: Project): Finding {
  const errors = configDiagnostics.filter(({ severity }) => severity === 'error').length
  const problem = configDiagnostics[0]
  if (!problem) return { check: 'config', state: 'ok', message: 'The configuration is valid' }
  return {
    check: 'config',
    state: errors > 0 ? 'failed' : 'warning',
    message: `${problem.file}:${problem.line}: ${oneLine(problem.message)}${configDiagnostics.length > 1 ? `, and ${configDiagnostics.length - 1} more` : ''}`,
    help: '`codemie-ci validate` shows all of it.',
  }
}

/** Integrations whose secrets are not here. Whoever runs nothing that uses them need not have them. */
function checkVariables({ config: { integrations } }: Project, cli: Cli, say: Say): void {
  if (integrations.size === 0) return
  const incomplete = [...integrations.values()].flatMap((integration) => {
    const variables = missingVariables(integration, cli.world.env)
    return variables.length === 0 ? [] : [{ integration, variables }]
  })
  for (const { integration, variables } of incomplete) {
    say({
      check: 'integrations',
      state: 'warning',
      message: `Integration '${oneLine(integration.alias)}': ${variables.join(' and ')} not set`,
      help: 'Set it in the environment; tools that use the integration do not start without.',
    })
  }
  const ready = integrations.size - incomplete.length
  if (ready > 0) {
    say({
      check: 'integrations',
      state: 'ok',
      message: `${count(ready, 'integration')}, with all variables that ${ready === 1 ? 'it names' : 'they name'}`,
    })
  }
}

function checkDefinitions(definitions: readonly Definition[]): Finding {
  if (definitions.length === 0) {
    return {
      check: 'workflows',
      state: 'warning',
      message: 'There are no workflows in .codemie/workflows',
      help: '`codemie-ci init` writes a first one.',
    }
  }
  const invalid = definitions.filter(({ workflow }) => !workflow)
  if (invalid.length === 0) {
    return { check: 'workflows', state: 'ok', message: `${count(definitions.length, 'workflow')}, all valid` }
  }
  return {
    check: 'workflows',
    state: 'failed',
    message: `${invalid.length} of ${count(definitions.length, 'workflow')} invalid: ${invalid.map(({ file }) => oneLine(file)).join(', ')}`,
    help: '`codemie-ci validate` shows what is wrong.',
  }
}

/** Keys that the workflows here need, and one question to each provider that they name. */
async function checkModels(
  project: Project,
  definitions: readonly Definition[],
  cli: Cli,
  isOffline: boolean,
  say: Say,
): Promise<void> {
  const models = new Map<string, ResolvedModel>()
  const servers = new Map<string, DescribedServer>()
  // What several workflows of a file share is told once.
  const obstacles = new Map<string, string>()
  const settings = modelSettings(project.config)
  for (const { workflow: definition } of definitions) {
    if (!definition) continue
    const { workflow, facts } = await gatherPlanFacts(project, definition, { world: cli.world })
    for (const { message, help } of facts.obstacles) {
      const placed = message.startsWith(`${workflow.file}:`) ? message : `${workflow.file}: ${message}`
      obstacles.set(placed, help)
    }
    for (const model of facts.models)
      models.set(facts.describeModel(model).id, resolveModel(model, settings, cli.world.env))
    for (const server of workflow.states.flatMap(toolUsersOf).flatMap(facts.serversOf))
      servers.set(JSON.stringify(server), server)
  }
  for (const [message, help] of obstacles)
    say({ check: 'plan', state: 'warning', message: oneLine(message), help })
  checkServers([...servers.values()], cli, say)
  if (models.size === 0) {
    say({ check: 'models', state: 'ok', message: 'No workflow here needs a model' })
    return
  }
  const asked = new Set<string>()
  for (const [model, resolved] of models) {
    if (!resolved.ok) {
      const { message, help } = resolved.problem
      say({ check: 'models', state: 'failed', message: `${oneLine(model)}: ${message}`, help })
      continue
    }
    const { endpoint } = resolved
    if (asked.has(endpoint.provider)) continue
    asked.add(endpoint.provider)
    const key = endpoint.keyVariable === undefined ? 'no key needed' : `key in ${endpoint.keyVariable}`
    if (isOffline) {
      say({ check: 'models', state: 'ok', message: `${model}: ${key}; not called` })
      continue
    }
    const result = await checkProvider(endpoint, new AbortController().signal, { env: cli.world.env })
    switch (result.state) {
      case 'ready':
        say({
          check: 'models',
          state: result.listsModel ? 'ok' : 'warning',
          message: `${model}: ${endpoint.baseUrl} answers, ${key}`,
          ...(result.listsModel
            ? {}
            : {
                help: `Its list of ${count(result.modelCount, 'model')} does not name this one; check the spelling.`,
              }),
        })
        break
      case 'reachable':
        say({
          check: 'models',
          state: 'ok',
          message: `${model}: ${endpoint.baseUrl} answers, and has no list of models`,
        })
        break
      case 'failed':
        say({
          check: 'models',
          state: 'failed',
          message: `${model}: ${oneLine(result.failure.message)}`,
          ...(result.failure.help === undefined ? {} : { help: result.failure.help }),
        })
    }
  }
}

/** Programs and variables of MCP servers; none is started. */
function checkServers(servers: readonly DescribedServer[], { world }: Cli, say: Say): void {
  for (const { name, program, url, variables } of servers) {
    const title = `MCP server '${oneLine(name)}'`
    const unset = variables.filter((variable) => !world.env[variable])
    const isMissing = program !== undefined && !program.includes('{') && !isOnPath(program, world.env)
    if (isMissing) {
      say({
        check: 'mcp',
        state: 'warning',
        message: `${title}: there is no program ${oneLine(program)} here`,
        help: 'Install it, or correct how the server is started.',
      })
    }
    if (unset.length > 0) {
      say({
        check: 'mcp',
        state: 'warning',
        message: `${title} needs ${unset.join(' and ')}, which ${unset.length === 1 ? 'is' : 'are'} not set`,
        help: 'Set them in the environment of the run.',
      })
    }
    if (!isMissing && unset.length === 0) {
      const how =
        program === undefined ? `is reached at ${oneLine(url ?? '')}` : `is started as ${oneLine(program)}`
      say({ check: 'mcp', state: 'ok', message: `${title} ${how}` })
    }
  }
}

function render({ state, message, help }: Finding, { cyan, green, red, yellow, symbols }: Palette): string {
  const signs = { ok: green(symbols.done), warning: yellow(symbols.warning), failed: red(symbols.failed) }
  return `${signs[state]} ${message}\n${help === undefined ? '' : `  ${cyan('=')} help: ${help}\n`}`
}

function summarise(findings: readonly Finding[], failed: number, { bold, green, red }: Palette): string {
  const warnings = findings.filter(({ state }) => state === 'warning').length
  const more = warnings > 0 ? `, ${count(warnings, 'warning')}` : ''
  return failed > 0
    ? `\n${red(bold(`${count(failed, 'thing')} to mend${more}`))}\n`
    : `\n${green(bold('Everything is in place'))}${more}\n`
}
