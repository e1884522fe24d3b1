import type { GuardrailSettings, RepositoryConfig } from '../../schema/config.ts'
import type { Located } from '../../schema/diagnostic.ts'
import { helpWithName } from '../../schema/nearest.ts'
import { guardrailsIn, guardrailsOf } from '../../schema/needs.ts'
import type { Workflow } from '../../schema/workflow.ts'
import type { Guard, ModelCheck } from '../engine/guard.ts'
import type { LinearPattern } from '../tools/regex.ts'

/** A guardrail ready to look at messages. */
export interface Guardrail {
  readonly deny: readonly LinearPattern[]
  readonly mask: readonly LinearPattern[]
  /** Absent: no model is asked. */
  readonly check?: ModelCheck
}

/** What is wrong with a guardrail that a workflow names. */
export interface GuardrailProblem {
  readonly code: 'guardrail-unknown' | 'guardrail-pattern'
  /** Where it is named. */
  readonly at: Located<string>['at']
  readonly message: string
  readonly help: string
}

/** The guardrails of a config that workflows name, ready to use, and what is wrong with them. Loads the pattern engine when one is named. */
export async function readGuardrails(
  workflows: readonly Workflow[],
  { guardrails }: Pick<RepositoryConfig, 'guardrails'>,
): Promise<{
  readonly guardrails: ReadonlyMap<string, Guardrail>
  readonly problems: readonly GuardrailProblem[]
}> {
  const ready = new Map<string, Guardrail>()
  const problems: GuardrailProblem[] = []
  const named = workflows.flatMap(guardrailsIn)
  if (named.length === 0) return { guardrails: ready, problems }
  const { compilePattern } = await import('../tools/regex.ts')
  for (const { value: name, at } of named) {
    const settings = guardrails.get(name)
    if (settings === undefined) {
      problems.push({
        code: 'guardrail-unknown',
        at,
        message: `There is no guardrail '${name}'`,
        help: unknownHelp(name, [...guardrails.keys()]),
      })
      continue
    }
    const compile = (kind: 'deny' | 'mask') =>
      settings[kind].flatMap((source) => {
        const compiled = compilePattern(source)
        if (compiled.ok) return [compiled.pattern]
        problems.push({
          code: 'guardrail-pattern',
          at,
          message: `The guardrail '${name}' cannot be used: under '${kind}', '${source}' ${compiled.problem}`,
          help: `Correct guardrails.${name}.${kind} in .codemie/config.yaml. RE2 syntax is used: no look-around, no back-references.`,
        })
        return []
      })
    ready.set(name, { deny: compile('deny'), mask: compile('mask'), ...checkOf(name, settings) })
  }
  return { guardrails: ready, problems }
}

function unknownHelp(name: string, known: readonly string[]): string {
  const define = `Add it under 'guardrails' in .codemie/config.yaml.`
  return known.length === 0 ? define : `${helpWithName(name, known, 'The config has')} ${define}`
}

function checkOf(name: string, { prompt, model }: GuardrailSettings): { check?: ModelCheck } {
  return prompt === undefined ? {} : { check: { name, prompt, ...(model === undefined ? {} : { model }) } }
}

/** The guard of a workflow; `undefined`: it names no guardrail. */
export function guardOf(workflow: Workflow, ready: ReadonlyMap<string, Guardrail>): Guard | undefined {
  if (guardrailsIn(workflow).length === 0) return undefined
  const names = (list: readonly Located<string>[]) => list.map(({ value }) => value)
  return {
    namesFor: (state) => [...new Set(names([...workflow.guardrails, ...guardrailsOf(state)]))],
    blocks(name, text) {
      const guardrail = ready.get(name)
      // One that is not there lets nothing pass.
      if (!guardrail) return `'${name}' is not configured`
      const found = guardrail.deny.findIndex((pattern) => pattern.occursIn(text))
      return found < 0 ? undefined : `'${name}' (pattern ${found + 1} of 'deny' occurs in it)`
    },
    mask(name, text) {
      let places = 0
      let masked = text
      for (const pattern of ready.get(name)?.mask ?? []) {
        const replaced = pattern.replaceIn(masked, `[masked: ${name}]`)
        masked = replaced.text
        places += replaced.count
      }
      return { text: masked, places }
    },
    checkOf: (name) => ready.get(name)?.check,
  }
}
