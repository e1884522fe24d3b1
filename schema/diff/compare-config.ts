import type { RepositoryConfig } from '../config.ts'
import type { Aspect } from './aspect.ts'
import type { Change } from './change.ts'
import { change, changesOf } from './changes-of.ts'
import { COLLECTIONS, CONFIG_ASPECTS, type Collection } from './config-rules.ts'
import { isLong } from './values.ts'

/** What the differences between two versions of `.codemie/config.yaml` mean for the runs in a repository. Pure. */
export function compareConfigs(before: RepositoryConfig, after: RepositoryConfig): Change[] {
  return [
    ...changesOf(CONFIG_ASPECTS, before, after),
    ...COLLECTIONS.flatMap((collection) => compareEntries(collection, before, after)),
  ]
}

function compareEntries<T>(
  { code, name, of, aspects, added = 'widening', removed = 'narrowing' }: Collection<T>,
  before: RepositoryConfig,
  after: RepositoryConfig,
): Change[] {
  const [old, now] = [of(before), of(after)]
  const came = [...now].flatMap(([entry, value]): Change[] => {
    const known = old.get(entry)
    if (known === undefined) {
      const what = `${name} '${entry}' is new${describe(aspects, value)}`
      return [change(`${code}-added`, added, 'nothing', what)]
    }
    return changesOf(aspects, known, value).map((one) => ({
      ...one,
      sentence: `${name} '${entry}': ${one.sentence}`,
    }))
  })
  const went = [...old.keys()]
    .filter((entry) => !now.has(entry))
    .map((entry) => change(`${code}-removed`, removed, 'nothing', `${name} '${entry}' is gone`))
  return [...came, ...went]
}

/** `: address: https://…; tools: a, b`: what an entry says, as far as it fits into a sentence. */
function describe<T>(aspects: readonly Aspect<T>[], entry: T): string {
  const parts = aspects.flatMap(({ name, of }) => {
    const value = of(entry)
    const text = Array.isArray(value) ? value.join(', ') : typeof value === 'string' ? value : ''
    return text === '' || isLong(text) ? [] : [`${name}: ${text}`]
  })
  return parts.length === 0 ? '' : `: ${parts.join('; ')}`
}
