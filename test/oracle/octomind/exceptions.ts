import type { State, Workflow } from '../../../schema/workflow.ts'
import { type Asked, digestText, type Picture } from './picture.ts'
import { messageOf } from './replay.ts'
import { askedFor } from './scene.ts'
import { TraceScript } from './script.ts'
import type { AgentAnswer, OctomindTrace } from './trace.ts'

/** A replay that came out differently. */
export interface Compared {
  readonly trace: OctomindTrace
  readonly recorded: Picture
  readonly found: Picture
  readonly workflow: Workflow | undefined
  /** See `Replayed`. */
  readonly codes: ReadonlySet<string>
}

/** Both sides as they are to be compared. */
export interface SaneTrace {
  readonly recorded: Picture
  readonly found: Picture
  /** What allows it; empty: nothing does. */
  readonly sections: readonly string[]
}

/** What two pictures are to be compared as when they came out differently. */
export function saneTrace(compared: Compared): SaneTrace {
  let { recorded, found } = compared
  const sections: string[] = []
  for (const { section, sane } of EXCEPTIONS) {
    const change = sane({ ...compared, recorded, found })
    if (!change) continue
    recorded = change.recorded ?? recorded
    found = change.found ?? found
    sections.push(section)
  }
  return { recorded, found, sections }
}

/** Why a trace holds nothing that there is here; `undefined`: it is compared. */
export function whyUncompared(trace: OctomindTrace): string | undefined {
  return NOT_OURS.find(({ holds }) => holds(trace))?.reason
}

/** What belongs to octomind's own program, and not to a workflow. */
const NOT_OURS: readonly {
  readonly reason: string
  readonly holds: (trace: OctomindTrace) => boolean
}[] = [
  {
    reason: 'arguments of the program octomind',
    holds: ({ input: { argv, tap } }) =>
      unknownWords(argv).length > 0 ||
      (tap ? askedFor(argv) === '' : !/^(workflow .*\.toml|run \w)/.test(wordsOf(argv))),
  },
  {
    reason: 'commands of its prompt',
    holds: ({ input: { argv, stdin } }) => argv.includes('run') && stdin?.trim().startsWith('/') === true,
  },
  {
    reason: 'retries of its own client of models',
    holds: ({ input: { config = {}, roles = [] } }) =>
      /"max_retries":[1-9]/.test(JSON.stringify([config, roles])),
  },
  {
    reason: 'a configuration with workflows in a release that does not read them (O28)',
    holds: ({ dialect, input }) => dialect === 'C' && /^\[\[workflows\]\]/m.test(input.config_append ?? ''),
  },
  {
    reason: 'outside of a repository, where nothing runs here',
    holds: ({ input }) =>
      !('setup' in input) && /\{\{(GIT_STATUS|GIT_TREE|CONTEXT)\}\}/.test(JSON.stringify(input.files ?? {})),
  },
]

/** Options that do not change what a workflow does. */
const PLAIN_WORDS = /^(workflow|run|--dry-run|--format|jsonl|plain|--name)$/

function wordsOf(argv: readonly string[]): string {
  return argv.filter((word, i) => !word.startsWith('-') && !argv[i - 1]?.startsWith('-')).join(' ')
}

function unknownWords(argv: readonly string[]): readonly string[] {
  const asked = askedFor(argv)
  return argv.filter(
    (word, i) =>
      !PLAIN_WORDS.test(word) &&
      word !== asked &&
      argv[i - 1] !== '--name' &&
      argv[i - 1] !== '-c' &&
      word !== '-c',
  )
}

/**
 * Where we do the better thing on purpose. Each exception names the row or section of the behaviour notes that allows it. It looks
 * at what a definition asks for and what happened, never at a name of a recording, and says what the two are to be compared
 * as: the recording as it would be if octomind did the same, or both up to the place where the difference begins.
 */
interface Exception {
  readonly section: string
  readonly why: string
  readonly sane: (compared: Compared) => { readonly recorded?: Picture; readonly found?: Picture } | undefined
}

const EXCEPTIONS: readonly Exception[] = [
  {
    section: '1.5',
    why: 'a pattern that cannot be compiled is refused before anything is asked, and not when it is first used',
    sane: refusedWith('pattern-syntax'),
  },
  {
    section: '1.2',
    why: 'a layer that there is not is refused before anything is asked, also where there are no layers at all',
    sane: refusedWith('unknown-layer'),
  },
  {
    section: '2.3',
    why: 'a condition on an output that never is there is refused before anything is asked (O9)',
    sane: refusedWith('unknown-step'),
  },
  {
    section: '1.4',
    why: 'a step that says both what it repeats and what a layer does is refused',
    sane: (compared) => (compared.trace.dialect === 'A' ? refusedWith('several-kinds')(compared) : undefined),
  },
  {
    section: '1.8',
    why: 'a role, program or model that is not there stops a run before it begins',
    sane: refusedWith('not-runnable'),
  },
  {
    section: '1.4, 2.6',
    why: 'forms of the manual and of older releases, which the releases that were recorded refuse, are run',
    sane: ({ trace, codes, found }) =>
      hadNotBegun(trace) && ACCEPTED_FORMS.some((code) => codes.has(code)) ? { recorded: found } : undefined,
  },
  {
    section: '1.6',
    why: 'a command with arguments is run by a shell, where octomind looks for a program with blanks in its name',
    sane: ({ trace, workflow, found }) =>
      hadNotBegun(trace) &&
      workflow?.states.some(({ work }) => work.kind === 'script' && /\s/.test(work.command.value))
        ? { recorded: found }
        : undefined,
  },
  {
    section: '3.2',
    why: 'an agent that asks for permission gets an answer, where octomind waits for ever',
    sane: untilAgent(({ ask_permission }) => ask_permission === true),
  },
  {
    section: 'O22',
    why: 'an agent that ends before its answer has failed, whatever it had said',
    sane: untilAgent(({ exit_before_result }) => exit_before_result !== undefined),
  },
  {
    section: '3.2',
    why: 'an agent that refuses, or is cut off, has failed',
    sane: untilAgent(({ stop_reason = 'end_turn' }) => stop_reason !== 'end_turn'),
  },
  {
    section: '1.4',
    why: 'a run has one message; what is typed afterwards is another run',
    sane: ({ trace, recorded }) => {
      const later = trace.input.pty?.slice(1) ?? []
      const requests = recorded.requests.filter((asked) => !later.includes(questionOf(asked)))
      return requests.length < recorded.requests.length ? { recorded: { ...recorded, requests } } : undefined
    },
  },
  {
    section: 'O19, O20',
    why: 'a role is asked what its workflow made of the input, or the input itself after a failure',
    sane: withResultAsked,
  },
  {
    section: '2.10',
    why: 'a role whose model fails has failed, also in its own session',
    sane: ({ trace: { dialect, observed }, recorded }) =>
      dialect === 'A' && recorded.end === 'succeeds' && observed.requests.some(({ status }) => status !== 200)
        ? { recorded: { ...recorded, end: 'fails' } }
        : undefined,
  },
  {
    section: 'O12',
    why: 'a prompt that begins with a slash is text',
    sane: ({ trace: { dialect }, recorded, found }) => {
      const at = found.requests.findIndex((asked) => questionOf(asked).startsWith('/'))
      return dialect === 'C' && at >= 0 ? upTo(at, { recorded, found }) : undefined
    },
  },
  {
    section: '2.2',
    why: 'programs do not inherit the environment of the run',
    sane: ({ trace: { input }, recorded }) => {
      const inherited = Object.values(input.env ?? {})
      const cleared = (text: string) =>
        inherited.reduce((rest, value) => rest.replaceAll(`=${value} `, '=unset '), text)
      const files = Object.fromEntries(
        Object.entries(recorded.files).map(([path, text]) => [path, cleared(text)]),
      )
      return inherited.length > 0 ? { recorded: { ...recorded, files } } : undefined
    },
  },
  {
    section: '2.4',
    why: 'words in a <context> block that names no file stay in the prompt',
    sane: ({ recorded, found }) => {
      const known = JSON.stringify(recorded.requests)
      const without = (text: string) => {
        const rest = text.replace(/<context>[\s\S]*?<\/context>/g, '').trim()
        const digest = digestText(rest)
        return known.includes(digest) ? digest : rest
      }
      const requests = found.requests.map((asked) => ({
        ...asked,
        said: asked.said.map(
          ([speaker, text]) => [speaker, isContextBlock(text) ? without(text) : text] as const,
        ),
      }))
      return JSON.stringify(requests) === JSON.stringify(found.requests)
        ? undefined
        : { found: { ...found, requests } }
    },
  },
  {
    section: 'O6',
    why: 'what a failed attempt has cost counts',
    sane: ({ trace, workflow, codes, recorded, found }) =>
      workflow?.budget.usd !== undefined && codes.has('budget-exceeded') && hasPaidFailure(trace)
        ? upTo(found.requests.length, { recorded, found })
        : undefined,
  },
]

const ACCEPTED_FORMS = ['older-form', 'default-source', 'description-missing', 'branch-command']

/** For definitions that octomind begins to run and we refuse. */
function refusedWith(code: string): Exception['sane'] {
  return ({ workflow, codes, found }) =>
    workflow === undefined && codes.has(code) ? { recorded: found } : undefined
}

/** Octomind refused the definition. */
function hadNotBegun({ observed: { exit_code, requests, agents = [] } }: OctomindTrace): boolean {
  return exit_code !== 0 && exit_code !== null && requests.length === 0 && agents.length === 0
}

function isContextBlock(text: string): boolean {
  return /<context>[\s\S]*?<\/context>/.test(text)
}

function questionOf({ said }: Asked): string {
  return said.at(-1)?.[1] ?? ''
}

/** Both with no more than so many requests to models, and without what came of them. */
function upTo(count: number, both: { readonly recorded: Picture; readonly found: Picture }) {
  const cut = (picture: Picture): Picture => ({
    ...picture,
    requests: picture.requests.slice(0, count),
    outputs: undefined,
    end: both.found.end,
  })
  return { recorded: cut(both.recorded), found: cut(both.found) }
}

/** Both up to the first prompt of an agent that is answered so. */
function untilAgent(isSuch: (answer: AgentAnswer) => boolean): Exception['sane'] {
  return ({ trace, recorded, found }) => {
    const at = answersOfAgents(trace, recorded).findIndex(isSuch)
    if (at < 0) return undefined
    const { recorded: left, found: right } = upTo(0, { recorded, found })
    const cut = (picture: Picture) => ({ ...picture, prompts: picture.prompts.slice(0, at + 1) })
    return { recorded: cut(left), found: cut(right) }
  }
}

function answersOfAgents(trace: OctomindTrace, { prompts }: Picture): readonly AgentAnswer[] {
  const script = new TraceScript(trace)
  return prompts.map((asked) => script.agentAnswer(asked.whom, questionOf(asked)))
}

/** Asked of a role in the place of its input once its workflow has run, by the release that was recorded. */
const INSTEAD = 'Please continue.'

function withResultAsked({ trace, workflow, recorded, found }: Compared): ReturnType<Exception['sane']> {
  const prepared = workflow?.states.find(
    ({ work }) => work.kind === 'block' && work.driver.kind === 'once' && work.driver.orElse === 'incoming',
  )
  const asked = recorded.requests.at(-1)
  const ours = found.requests.at(-1)
  if (trace.dialect !== 'A' || !workflow || !prepared || !asked || !ours) return undefined
  const isInstead = questionOf(asked) === INSTEAD
  // Where a layer has left a message of the user behind, nothing more is said.
  if (!isInstead && asked.said.length !== ours.said.length - 1) return undefined
  const before = isInstead ? asked.said.slice(0, -1) : asked.said
  const result = handedOver(trace, { prepared, isFirst: workflow.states[0] === prepared, recorded })
  const said = [...before, ['user', result ?? questionOf(ours)] as const]
  return { recorded: { ...recorded, requests: [...recorded.requests.slice(0, -1), { ...asked, said }] } }
}

/** What the workflow of a role made of its input, as far as the recording tells; `undefined`: it does not. */
function handedOver(
  trace: OctomindTrace,
  {
    prepared,
    isFirst,
    recorded,
  }: { readonly prepared: State; readonly isFirst: boolean; readonly recorded: Picture },
): string | undefined {
  const failed = trace.observed.stdout_events?.some(({ _unparsed }) =>
    _unparsed?.startsWith('Continuing with original input'),
  )
  if (failed) return isFirst ? messageOf(trace) : undefined
  if (!endsWithAgent(prepared)) return undefined
  return answersOfAgents(trace, recorded).at(-1)?.chunks?.join('').trim()
}

/** The text that a state leaves is the answer of whoever was asked last in it. */
function endsWithAgent({ work }: State): boolean {
  if (work.kind === 'layer') return work.assistant.command !== undefined
  if (work.kind !== 'block') return false
  const { driver, body } = work
  switch (driver.kind) {
    case 'all':
      return driver.aggregator !== undefined
    case 'for-each':
      return false
    case 'choose':
      return driver.first !== undefined && body.every(endsWithAgent)
    case 'once':
    case 'until':
      return body.slice(-1).every(endsWithAgent)
  }
}

/** An answer that cannot be used, and was paid for. */
function hasPaidFailure({ input: { script = [] } }: OctomindTrace): boolean {
  return script.some(({ replies }) =>
    replies.some(
      (reply) =>
        typeof reply !== 'string' && (reply.text ?? '').trim() === '' && (reply.usage?.cost ?? 0) > 0,
    ),
  )
}
