import type { Effect, EffectReply, Perform } from '../../../runner/effect.ts'
import { openDoor } from '../../../runner/engine/door.ts'
import { stateOfPath } from '../../../runner/engine/step.ts'
import type { RunEvent } from '../../../runner/events.ts'
import { Refusal } from '../../../runner/failure.ts'
import { carryOut } from '../../../runner/carry-out.ts'
import { openProject } from '../../../runner/project.ts'
import { makeReady, type ReadyWorkflow } from '../../../runner/ready.ts'
import type { World } from '../../../runner/world.ts'
import type { BlockWork, State, Workflow } from '../../../schema/workflow.ts'
import { digestText, outputLine, type Asked, type Picture, promptLine, requestLine } from './picture.ts'
import type { Scene } from './scene.ts'
import { agentName, FASTER, roleOf, TraceScript } from './script.ts'
import type { OctomindTrace } from './trace.ts'

/** What a replay gave. */
export interface Replayed {
  readonly picture: Picture
  /** `undefined`: the definition was refused. */
  readonly workflow: Workflow | undefined
  /** Why nothing was started, or why it failed; for people. */
  readonly reason?: string
}

/** Runs what a trace ran through the real engine and tools, with models and agents that play its script. */
export async function replayTrace(trace: OctomindTrace, scene: Scene): Promise<Replayed> {
  const { root, env } = scene.repository
  const world: World = {
    cwd: root,
    env: { ...env, TZ: 'UTC', ...trace.input.env },
    now: Date.now,
    random: () => 0,
    randomHex: (digits) => '0'.repeat(digits),
    sleep: () => Promise.resolve(),
  }
  const nothing = { end: 'fails', requests: [], prompts: [], outputs: [] } as const
  const project = await openProject(world)
  try {
    const { workflow: read, diagnostics } = await project.find(scene.asked)
    const workflow = read && withShortLimits(read)
    if (!workflow) {
      const [first] = diagnostics.filter(({ severity }) => severity === 'error')
      return { picture: nothing, workflow: undefined, reason: `refused: ${first?.code}: ${first?.message}` }
    }
    if (trace.input.argv.includes('--dry-run')) return { picture: { ...nothing, end: 'succeeds' }, workflow }
    const ready = await makeReady(workflow, { project, world }, project.find)
    return await new Replay(trace, scene, ready).run({ project, world })
  } catch (error) {
    if (!(error instanceof Refusal)) throw error
    return { picture: nothing, workflow: undefined, reason: `refused: ${error.code}: ${error.message}` }
  }
}

class Replay {
  readonly #trace: OctomindTrace
  readonly #scene: Scene
  readonly #ready: ReadyWorkflow
  readonly #requests: Asked[] = []
  readonly #prompts: Asked[] = []
  readonly #outputs: string[] = []
  /** Outputs inside of parallel blocks that are not finished, by the block. */
  readonly #held = new Map<string, { readonly path: string; readonly state: string; readonly text: string }[]>()
  readonly #known: ReadonlySet<string>

  constructor(trace: OctomindTrace, scene: Scene, ready: ReadyWorkflow) {
    this.#trace = trace
    this.#scene = scene
    this.#ready = ready
    this.#known = new Set(JSON.stringify(trace.observed).match(/[0-9a-f]{64}/g))
  }

  async run(where: Pick<Parameters<typeof carryOut>[0], 'project' | 'world'>): Promise<Replayed> {
    const { workflow } = this.#ready
    const { stdin, pty = [] } = this.#trace.input
    const setup = { ...this.#ready.setup, perform: this.#perform(), knowsPrice: () => true, reportsCost: () => true }
    const result = await carryOut(
      {
        ...where,
        signal: new AbortController().signal,
        onEvent: (event) => this.#hear(event),
        commit: false,
        push: false,
      },
      {
        runId: 'replay',
        ready: { ...this.#ready, setup },
        input: { text: stdin ?? pty[0] ?? '', fileNames: [] },
        writer: undefined,
        known: [],
        answers: [],
        opening: { type: 'run-started', runId: 'replay', workflow: workflow.id, name: workflow.name, file: workflow.file },
      },
    )
    return {
      workflow,
      picture: {
        end: result.status === 'succeeded' ? 'succeeds' : 'fails',
        requests: this.#requests,
        prompts: this.#prompts,
        outputs: this.#outputs,
      },
      ...(result.failure ? { reason: `${result.failure.code}: ${result.failure.message}` } : {}),
    }
  }

  #perform(): Perform {
    const script = new TraceScript(this.#trace)
    const real = this.#ready.setup.perform
    const scripted = openDoor({
      tool: (effect) => real(effect),
      model: async (effect) => {
        const { model, messages } = effect.request
        const line = requestLine(
          roleOf(effect.request),
          model.slice(model.indexOf(':') + 1),
          messages.map((message) => ({ role: message.role, text: this.#text(message.content) })),
        )
        if (roleOf(effect.request) !== null) this.#requests.push({ line, ...this.#groupOf(effect.path) })
        return await script.model(effect)
      },
      agent: async (effect) => {
        const line = promptLine(agentName(effect.request), this.#text(effect.request.text))
        this.#prompts.push({ line, ...this.#groupOf(effect.path) })
        return await script.agent(effect)
      },
    })
    return <E extends Effect>(effect: E): Promise<EffectReply<E>> => scripted(effect)
  }

  /** As in recordings. */
  #text(text: string): string {
    const masked = text
      .replaceAll(this.#scene.repository.root, '<CWD>')
      .replace(/\d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC/g, '<DATE>')
    return this.#known.size > 0 && this.#known.has(digestText(masked).slice(-65, -1)) ? digestText(masked) : masked
  }

  #groupOf(path: string): { readonly group?: string } {
    const group = blocksAround(this.#ready.workflow, path).find(({ isAtOnce }) => isAtOnce)?.path
    return group === undefined ? {} : { group }
  }

  #hear(event: RunEvent): void {
    if (event.type !== 'step-finished') return
    const { path, output, failure } = event
    const state = stateAt(this.#ready.workflow, path)
    if (state?.work.kind === 'block') {
      this.#outputs.push(...outputsOf(state.work, this.#held.get(path) ?? []).map(([step, text]) => outputLine(step, this.#text(text))))
      return
    }
    const isTold = state?.work.kind === 'prompt' || (state?.work.kind === 'layer' && state.work.sees === 'session')
    if (!state || !isTold) return
    const text = failure ? '' : output
    const { group } = this.#groupOf(path)
    if (group === undefined) this.#outputs.push(outputLine(state.work.kind === 'layer' ? undefined : state.id, this.#text(text)))
    else this.#held.set(group, [...(this.#held.get(group) ?? []), { path, state: state.id, text }])
  }
}

/** What a parallel block tells of its steps when it is finished, in the order of the definition. */
function outputsOf(
  { driver, body }: BlockWork,
  answers: readonly { readonly path: string; readonly state: string; readonly text: string }[],
): readonly (readonly [step: string, text: string])[] {
  return body.flatMap(({ id }) => {
    const own = answers.filter(({ state }) => state === id).sort((a, b) => numberIn(a.path) - numberIn(b.path))
    const [first] = own
    if (!first) return []
    const isMany = driver.kind === 'for-each' || (driver.kind === 'all' && (driver.copies[id] ?? 1) > 1)
    if (!isMany) return [[id, first.text] as const]
    const labelled = own.flatMap(({ path, text }) =>
      text.trim() === '' ? [] : [`── ${id} #${numberIn(path)} ──\n${text.trim()}`],
    )
    return [[id, labelled.join('\n\n')] as const]
  })
}

function numberIn(path: string): number {
  return Number(/\[(\d+)\](?:#\d+)?\/[^/]*$/.exec(path)?.[1] ?? 0)
}

interface BlockAround {
  readonly path: string
  /** The step is one of those that it runs at once. */
  readonly isAtOnce: boolean
}

/** The blocks that a path leads through, from the outside. */
function blocksAround({ states }: Pick<Workflow, 'states'>, path: string): readonly BlockAround[] {
  const parts = path.split('/')
  const blocks: BlockAround[] = []
  let inside: readonly State[] = states
  for (const [i, part] of parts.entries()) {
    const work = stateIn(inside, part)?.work
    if (work?.kind !== 'block') break
    const next = parts[i + 1]
    const { driver, body } = work
    const runsAtOnce = driver.kind === 'all' || (driver.kind === 'for-each' && driver.as !== undefined)
    blocks.push({
      path: parts.slice(0, i + 1).join('/').replace(/(?:\[\d+\])+$/, ''),
      isAtOnce: runsAtOnce && next !== undefined && stateIn(body, next) !== undefined,
    })
    inside = statesIn(work)
  }
  return blocks
}

function stateAt({ states }: Pick<Workflow, 'states'>, path: string): State | undefined {
  let inside: readonly State[] = states
  let found: State | undefined
  for (const part of path.split('/')) {
    found = stateIn(inside, part)
    inside = found?.work.kind === 'block' ? statesIn(found.work) : []
  }
  return found
}

function stateIn(states: readonly State[], part: string): State | undefined {
  const id = stateOfPath(part).replaceAll('%2F', '/')
  return states.find((state) => state.id === id) ?? states.find((state) => state.id === part)
}

function statesIn({ driver, body }: BlockWork): readonly State[] {
  return [
    ...body,
    ...(driver.kind === 'choose' && driver.first ? [driver.first] : []),
    ...(driver.kind === 'all' && driver.aggregator ? [driver.aggregator] : []),
  ]
}

/** Scripts keep their limits: programs take the time that they take. */
function withShortLimits(workflow: Workflow): Workflow {
  const shorter = (state: State): State => {
    const { work, timeoutMs } = state
    const isShort = timeoutMs !== undefined && work.kind !== 'script'
    return {
      ...state,
      ...(work.kind === 'block' ? { work: withStates(work, shorter) } : {}),
      ...(isShort ? { timeoutMs: timeoutMs / FASTER } : {}),
    }
  }
  return { ...workflow, states: workflow.states.map(shorter) }
}

function withStates(work: BlockWork, change: (state: State) => State): BlockWork {
  const { driver, body } = work
  const first = driver.kind === 'choose' && driver.first ? { first: change(driver.first) } : {}
  const last = driver.kind === 'all' && driver.aggregator ? { aggregator: change(driver.aggregator) } : {}
  return { ...work, body: body.map(change), driver: { ...driver, ...first, ...last } }
}
