import { StepFailure } from '../../runner/failure.ts'
import type { Tool } from '../../runner/tools/tool.ts'
import { type Diagnostic, readWorkflow } from '../../schema/index.ts'
import { dumpsJson } from '../../schema/language/index.ts'
import type { State, Workflow } from '../../schema/workflow.ts'
import type { Verdict } from './compare.ts'
import { type SaneTrace, saneTrace, sectionOfRefusal } from './exceptions.ts'
import { decode } from './recorded.ts'
import { replay, type SaidAtPause, type Script } from './replay.ts'
import { compareRuns, recordedPicture } from './run-picture.ts'
import { differenceInGraph } from './schema-functions.ts'
import type { Raise, Reply, Resume, ScriptedTool, Trace } from './trace.ts'

/** Replays a trace and compares it with its recording; where we do better on purpose, with what is left of it. */
export async function compareTrace(trace: Trace): Promise<Verdict> {
  const { workflow, diagnostics } = readWorkflow({ file: `${trace.id}.yaml`, text: trace.yaml })
  if (!workflow) return refusalVerdict(trace, diagnostics)
  const graph = trace.graph && differenceInGraph(workflow, trace.graph)
  if (graph !== undefined) {
    return { kind: 'different', recorded: JSON.stringify(trace.graph), found: graph }
  }
  const difference = await differenceInRun(workflow, { trace })
  if (!difference) return { kind: 'same' }
  const sane = saneTrace(trace, workflow)
  if (sane.sections.length === 0) return { kind: 'different', ...difference }
  const left = await differenceInRun(workflow, sane)
  if (left) return { kind: 'different', ...left }
  return { kind: 'explained', section: sane.sections.join(', ') }
}

async function differenceInRun(workflow: Workflow, { trace, until }: Pick<SaneTrace, 'trace' | 'until'>) {
  const { picture } = await replay(withOfferedTools(workflow, trace), scriptOf(trace))
  return compareRuns(recordedPicture(trace), picture, until)
}

/** What upstream runs into at once, or only when it is too late, we refuse with a position. */
function refusalVerdict(trace: Trace, diagnostics: readonly Diagnostic[]): Verdict {
  const errors = diagnostics.filter(({ severity }) => severity === 'error')
  const { rounds, rows } = trace.observed
  if (rounds[0]?.status === 'Failed' && rows.every((row) => row.state_id === 'AI/Run Thoughts')) {
    return { kind: 'same' }
  }
  const sections = errors.map(({ code }) => sectionOfRefusal(code))
  if (!sections.includes(undefined)) return { kind: 'explained', section: [...new Set(sections)].join(', ') }
  const found = errors.map((error) => `${error.code} at ${error.path}: ${error.message}`)
  return { kind: 'different', recorded: 'it runs', found: `refused: ${found.join('; ')}` }
}

/** Tools that the recording offered to every assistant. */
function withOfferedTools(workflow: Workflow, trace: Trace): Workflow {
  const offered = Object.entries(trace.tools ?? {}).filter(([, tool]) => tool.agent === true)
  if (offered.length === 0) return workflow
  const states = workflow.states.map((state): State => {
    if (state.work.kind !== 'agent') return state
    const { assistant } = state.work
    const tools = [...assistant.tools, ...offered.map(([name]) => ({ name, at: assistant.at }))]
    return { ...state, work: { ...state.work, assistant: { ...assistant, tools } } }
  })
  return { ...workflow, states }
}

function scriptOf(trace: Trace): Script {
  const tools = new Map(Object.entries(trace.tools ?? {}).map(([name, tool]) => [name, toolOf(name, tool)]))
  const used = new Map<string, number>()
  const next = <T>(key: string, replies: readonly T[]): T | undefined => {
    const n = used.get(key) ?? 0
    used.set(key, n + 1)
    return replies[Math.min(n, replies.length - 1)]
  }
  return {
    userInput: trace.user_input ?? '',
    fileNames: trace.files ?? [],
    answers: (trace.resume ?? []).map(answerOf),
    abortAt: trace.abort_at,
    reply(state, lastUserTurn) {
      const replies = trace.replies?.[state]
      const otherwise = `reply of ${state}`
      if (!replies) return otherwise
      if (!('match' in replies)) return next(`model ${state}`, replies as readonly Reply[]) ?? otherwise
      const matched = replies.match.find(([part]) => lastUserTurn.includes(part))
      return matched?.[1] ?? replies.default ?? otherwise
    },
    raise: agentFailure,
    findTool: (name) => tools.get(name),
    callTool(name, args) {
      const script = trace.tools?.[name]
      if (script?.echo) return dumpsJson(decode(args))
      const reply = next(`tool ${name}`, script?.replies ?? [''])
      if (typeof reply === 'object' && reply !== null && 'raise' in reply) {
        throw toolFailure(reply.raise as Raise)
      }
      return reply
    },
  }
}

function answerOf({ user_input, edit }: Resume): SaidAtPause {
  const outputKey = edit?.output_key === undefined ? {} : { outputKey: edit.output_key }
  return {
    ...(user_input === null ? {} : { userInput: user_input }),
    ...(edit ? { edit: { output: edit.output, ...outputKey } } : {}),
  }
}

function toolOf(name: string, { args: types }: ScriptedTool): Tool {
  const args = Object.entries(types)
  return {
    name,
    description: name,
    parameters: {
      type: 'object',
      properties: Object.fromEntries(args.map(([arg, type]) => [arg, schemaOf(type)])),
      required: args.filter(([, type]) => !type.endsWith('?')).map(([arg]) => arg),
      additionalProperties: false,
    },
    reach: 'read',
    aliases: [],
    run: () => Promise.resolve(undefined),
  }
}

/** `int`, or `int?` for an argument that may be left out; `any` for all types. */
function schemaOf(type: string): object {
  const name = JSON_TYPES[type.replace('?', '')]
  return name === undefined ? {} : { type: name }
}

const JSON_TYPES: Readonly<Record<string, string>> = {
  str: 'string',
  int: 'integer',
  float: 'number',
  bool: 'boolean',
  dict: 'object',
  list: 'array',
}

/** Whatever an agent raises is tried again. */
function agentFailure({ message }: Raise): StepFailure {
  return new StepFailure('scripted', message, { blame: 'provider', retryable: true })
}

/** Python's own errors are final, but for connections and timeouts; unknown ones are tried again. */
function toolFailure({ type, message }: Raise): StepFailure {
  const final =
    /^(ValueError|TypeError|KeyError|IndexError|RuntimeError|OSError|NameError|ZeroDivisionError)$/
  return new StepFailure('scripted', message, { blame: 'tool', retryable: !final.test(type) })
}
