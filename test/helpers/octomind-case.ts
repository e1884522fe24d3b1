import { replayTrace } from '../oracle/octomind/replay.ts'
import { buildScene } from '../oracle/octomind/scene.ts'
import type { OctomindTrace, TraceInput } from '../oracle/octomind/trace.ts'

/** How a case of octomind came out. */
export interface SeenCase {
  readonly end: 'succeeds' | 'fails'
  /** Codes of warnings, errors and of the failure. */
  readonly codes: ReadonlySet<string>
  readonly reason: string
  /** What agents were told, in order: `name: text`, without the greeting that every session begins with. */
  readonly told: readonly string[]
  /** What roles were asked, in order: `role: text`; of a conversation its parts with ` / ` between them. */
  readonly asked: readonly string[]
  /** `step: text`, in order. */
  readonly outputs: readonly string[]
}

const GREETING = 'Previous response:\n\n\nCurrent input:\n'

/** Runs a workflow `wf` of a configuration for the role `main`, with agents that answer by their name. */
export function runConfiguration(
  config: string,
  acp: Readonly<Record<string, readonly string[]>>,
  more: Partial<TraceInput> = {},
): Promise<SeenCase> {
  const agents = Object.entries(acp).map(([name, replies]) => [name, { replies, repeat: true }] as const)
  return runCase('A', {
    argv: ['run', 'main', '--format', 'jsonl'],
    stdin: 'i',
    roles: [{ name: 'main', ...(config.includes('[[workflows]]') ? { workflow: 'wf' } : {}) }],
    script: [{ role: 'main', contains: null, replies: ['MAIN'], repeat: true }],
    acp: Object.fromEntries(agents),
    config_append: `${config}\n${Object.keys(acp)
      .map((name) => layerText(name))
      .join('\n')}`,
    ...more,
  })
}

/** A layer whose agent goes by the same name. */
export function layerText(name: string, modes = ''): string {
  return `[[layers]]\nname = "${name}"\ndescription = "d"\ncommand = "agent ${name}"\n${modes || 'input_mode = "last"\noutput_mode = "none"\noutput_role = "assistant"'}\n`
}

/** Runs a workflow in a file of its own; roles answer one reply after the other, the last one for ever. */
export function runFile(
  text: string,
  replies: Readonly<Record<string, readonly (string | object)[]>>,
  more: Partial<TraceInput> = {},
): Promise<SeenCase> {
  return runCase('C', {
    argv: ['workflow', 'wf.toml', '--format', 'jsonl'],
    stdin: 'in',
    roles: Object.keys(replies),
    script: Object.entries(replies).map(([role, answers]) => ({
      role,
      contains: null,
      replies: answers,
      repeat: true,
    })),
    ...more,
    files: { 'wf.toml': `name = "demo"\n${text}`, ...more.files },
  })
}

async function runCase(dialect: OctomindTrace['dialect'], input: TraceInput): Promise<SeenCase> {
  const trace: OctomindTrace = { id: 'case', dialect, input, observed: { exit_code: 0, requests: [] } }
  const scene = buildScene(trace, '')
  if (!scene) throw new Error('a case has no file of the collection')
  try {
    const { picture, codes, reason = '' } = await replayTrace(trace, scene)
    const { end, prompts, requests, outputs = [] } = picture
    return {
      end,
      codes,
      reason,
      told: prompts.map(({ whom, said }) => `${whom}: ${(said.at(-1)?.[1] ?? '').replace(GREETING, '')}`),
      asked: requests.map(
        ({ whom, said }) =>
          `${whom.replace(/ .*/, '')}: ${said
            .slice(1)
            .map(([, words]) => words)
            .join(' / ')}`,
      ),
      outputs: outputs.map(({ step = 'main', text: words }) => `${step}: ${words}`),
    }
  } finally {
    scene.repository.remove()
  }
}
