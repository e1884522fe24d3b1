import type { Integration } from '../../schema/index.ts'
import { StepFailure } from '../failure.ts'
import { apiToolPrefix } from './integrations/openapi/name.ts'
import type { ApiPlace } from './integrations/openapi/tools.ts'
import type { Tool } from './tool.ts'

/** Why a document gives no tool. Without a full stop. */
export interface ApiProblem {
  readonly message: string
  readonly help: string
}

/** Tools of the OpenAPI documents of integrations. */
export interface Apis {
  readonly tools: readonly Tool[]
  readonly names: readonly string[]
  /** Why a document that could give a tool of a name does not. */
  readonly problemOf: (name: string) => ApiProblem | undefined
}

/** Tools of the OpenAPI documents that names may mean; the others are not read. Rejects with no `StepFailure`. */
export async function loadApis(
  integrations: readonly Integration[],
  names: readonly string[],
  within: ApiPlace,
): Promise<Apis> {
  const plain = names.map((name) => name.replace(/^_+/, ''))
  const wanted = integrations.filter(
    (one) =>
      one.options['openapi'] !== undefined && plain.some((name) => name.startsWith(apiToolPrefix(one))),
  )
  if (wanted.length === 0) return { tools: [], names: [], problemOf: () => undefined }
  const { loadApiTools } = await import('./integrations/openapi/tools.ts')
  // By the beginning of a name.
  const problems = new Map<string, ApiProblem>()
  const loaded = await Promise.all(
    wanted.map(async (integration) => {
      const place = `integrations.${integration.alias}.options`
      try {
        const found = await loadApiTools(integration, plain, within)
        for (const [name, id] of found.notAllowed) {
          problems.set(name, {
            message: `the operation '${id}' is not among those that may be used`,
            help: `Add it to ${place}.operations in .codemie/config.yaml.`,
          })
        }
        return found
      } catch (error) {
        if (!(error instanceof StepFailure)) throw error
        const { message, help = `Mend ${place}.openapi in .codemie/config.yaml.` } = error
        problems.set(apiToolPrefix(integration), { message, help })
        return { tools: [], names: [] }
      }
    }),
  )
  return {
    tools: loaded.flatMap(({ tools }) => tools),
    names: loaded.flatMap((one) => one.names),
    problemOf: (name) => [...problems].find(([prefix]) => name.replace(/^_+/, '').startsWith(prefix))?.[1],
  }
}
