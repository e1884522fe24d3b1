import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { carryOut, type RunOptions } from '../../../runner/carry-out.ts'
import type { Effect, EffectReply, Perform } from '../../../runner/effect.ts'
import { openDoor } from '../../../runner/engine/door.ts'
import { stateOfPath } from '../../../runner/engine/step.ts'
import type { RunEvent } from '../../../runner/events.ts'
import { type FailureInfo, Refusal } from '../../../runner/failure.ts'
import { resolveInput } from '../../../runner/inputs.ts'
import { openProject } from '../../../runner/project.ts'
import { makeReady, type ReadyWorkflow } from '../../../runner/ready.ts'
import type { World } from '../../../runner/world.ts'
import { copiesOf } from '../../../schema/blocks.ts'
import type { BlockWork, State, Workflow } from '../../../schema/workflow.ts'
import {
  type Asked,
  digestText,
  type Output,
  type Picture,
  promptPicture,
  requestPicture,
} from './picture.ts'
import type { Scene } from './scene.ts'
import { agentName, FASTER, roleOf, TraceScript } from './script.ts'
import type { OctomindTrace } from './trace.ts'

/** What a replay gave. */
export interface Replayed {
  readonly picture: Picture
  /** `undefined`: it was refused. */
  readonly workflow: Workflow | undefined
  /** Codes of what was said of the definition, and of what refused or ended the run. */
  readonly codes: ReadonlySet<string>
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
  const project = await openProject(world)
  const codes = new Set<string>()
  try {
    const { workflow: read, diagnostics } = await project.find(scene.asked)
    for (const { code } of diagnostics) codes.add(code)
    if (!read) {
      const errors = diagnostics.filter(({ severity }) => severity === 'error')
      const reason = errors.map(({ code, message }) => `${code}: ${message}`).join('\n')
      return { picture: NOTHING, workflow: undefined, codes, reason }
    }
    const workflow = withShortLimits(read)
    if (trace.input.argv.includes('--dry-run'))
      return { picture: { ...NOTHING, end: 'succeeds' }, workflow, codes }
    const input = await resolveInput(workflow, { pairs: [], text: messageOf(trace) })
    const ready = await makeReady(workflow, { project, world }, project.find)
    const { picture, failure } = await new Replay(trace, scene, ready).run(input, { project, world })
    if (!failure) return { picture, workflow, codes }
    return {
      picture,
      workflow,
      codes: codes.add(failure.code),
      reason: `${failure.code}: ${failure.message}`,
    }
  } catch (error) {
    if (!(error instanceof Refusal)) throw error
    const { code, message } = error
    return { picture: NOTHING, workflow: undefined, codes: codes.add(code), reason: `${code}: ${message}` }
  }
}

/** What a run of a trace works on: what came in, or what was typed first. */
export function messageOf({ input: { stdin, pty = [] } }: OctomindTrace): string {
  return stdin ?? pty[0] ?? ''
}

/** Of a run that is refused. */
const NOTHING: Picture = { end: 'fails', requests: [], prompts: [], outputs: [], files: {} }

class Replay {
  readonly #trace: OctomindTrace
  readonly #scene: Scene
  readonly #ready: ReadyWorkflow
  readonly #requests: Asked[] = []
  readonly #prompts: Asked[] = []
  readonly #outputs: Output[] = []
  /** Outputs inside of parallel blocks that are not finished, by the block. */
  readonly #held = new Map<
    string,
    { readonly path: string; readonly state: string; readonly text: string }[]
  >()
  readonly #known: ReadonlySet<string>

  constructor(trace: OctomindTrace, scene: Scene, ready: ReadyWorkflow) {
    this.#trace = trace
    this.#scene = scene
    this.#ready = ready
    this.#known = new Set(JSON.stringify(trace.observed).match(/[0-9a-f]{64}/g))
  }

  async run(
    text: string,
    where: Pick<RunOptions, 'project' | 'world'>,
  ): Promise<{ readonly picture: Picture; readonly failure?: FailureInfo | undefined }> {
    const { workflow } = this.#ready
    const setup = {
      ...this.#ready.setup,
      perform: this.#perform(),
      knowsPrice: () => true,
      reportsCost: () => true,
    }
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
        input: { text, fileNames: [] },
        writer: undefined,
        known: [],
        answers: [],
        opening: {
          type: 'run-started',
          runId: 'replay',
          workflow: workflow.id,
          name: workflow.name,
          file: workflow.file,
        },
      },
    )
    return {
      picture: {
        end: result.status === 'succeeded' ? 'succeeds' : 'fails',
        requests: this.#requests,
        prompts: this.#prompts,
        outputs: this.#outputs,
        files: this.#files(),
      },
      failure: result.failure,
    }
  }

  #files(): Picture['files'] {
    const paths = Object.keys(this.#trace.observed.files ?? {})
    return Object.fromEntries(
      paths.map((path) => {
        const file = join(this.#scene.repository.root, path)
        return [path, existsSync(file) ? this.#text(readFileSync(file, 'utf8')) : '']
      }),
    )
  }

  #perform(): Perform {
    const script = new TraceScript(this.#trace)
    const real = this.#ready.setup.perform
    const scripted = openDoor({
      tool: (effect) => real(effect),
      model: async (effect) => {
        const { model, messages } = effect.request
        const asked = requestPicture(
          roleOf(effect.request),
          model.slice(model.indexOf(':') + 1),
          messages.map((message) => ({ role: message.role, text: this.#text(message.content) })),
        )
        if (roleOf(effect.request) !== null) this.#requests.push({ ...asked, ...this.#groupOf(effect.path) })
        return await script.model(effect)
      },
      agent: async (effect) => {
        const asked = promptPicture(agentName(effect.request), this.#text(effect.request.text))
        this.#prompts.push({ ...asked, ...this.#groupOf(effect.path) })
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
    return this.#known.size > 0 && this.#known.has(digestText(masked).slice(-65, -1))
      ? digestText(masked)
      : masked
  }

  #groupOf(path: string): { readonly group?: string } {
    const group = blocksAround(this.#ready.workflow, path).find(({ isAtOnce }) => isAtOnce)?.path
    return group === undefined ? {} : { group }
  }

  #hear(event: RunEvent): void {
    if (event.type !== 'step-finished') return
    const { path, output, failure } = event
    const state = stateAt(this.#ready.workflow, path)
    const tell = (step: string | undefined, text: string) =>
      this.#outputs.push({ step, text: this.#text(text) })
    if (state?.work.kind === 'block') {
      for (const [step, text] of outputsOf(state.work, this.#held.get(path) ?? [])) tell(step, text)
      return
    }
    const isTold =
      state?.work.kind === 'prompt' || (state?.work.kind === 'layer' && state.work.sees === 'session')
    if (!state || !isTold) return
    const text = failure ? '' : output
    const { group } = this.#groupOf(path)
    if (group === undefined) tell(state.work.kind === 'layer' ? undefined : state.id, text)
    else this.#held.set(group, [...(this.#held.get(group) ?? []), { path, state: state.id, text }])
  }
}

/** What a parallel block tells of its steps when it is finished, in the order of the definition. */
function outputsOf(
  { driver, body }: BlockWork,
  answers: readonly { readonly path: string; readonly state: string; readonly text: string }[],
): readonly (readonly [step: string, text: string])[] {
  return body.flatMap(({ id }) => {
    const own = answers
      .filter(({ state }) => state === id)
      .sort((a, b) => numberIn(a.path) - numberIn(b.path))
    const [first] = own
    if (!first) return []
    const isMany = driver.kind === 'for-each' || (driver.kind === 'all' && copiesOf(driver, id) > 1)
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
      path: parts
        .slice(0, i + 1)
        .join('/')
        .replace(/(?:\[\d+\])+$/, ''),
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
