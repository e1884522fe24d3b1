import type { Aspect, Whole } from './aspect.ts'
import type { Change, ChangeClass, ChangeReach } from './change.ts'
import { fromTo, isLong, isSame, textOf } from './values.ts'

/** For what stands in no workflow: nothing says another model. */
const NO_MODELS: Whole = { before: { models: { fallback: [] } }, after: { models: { fallback: [] } } }

/** What is different between two things by each of their aspects, in the order of the rows. */
export function changesOf<T>(
  aspects: readonly Aspect<T>[],
  before: T,
  after: T,
  whole: Whole = NO_MODELS,
  state?: string,
): Change[] {
  return aspects.flatMap((aspect): Change[] => {
    const [a, b] = [aspect.of(before), aspect.of(after)]
    if (isSame(a, b)) return []
    const sentence = sentenceOf(aspect, a, b)
    if (sentence === undefined) return []
    const kind = typeof aspect.class === 'string' ? aspect.class : aspect.class.of(a, b, whole)
    const texts = { before: textOf(a), after: textOf(b) }
    return [
      {
        ...change(aspect.code, kind, aspect.reach, sentence, state),
        ...(aspect.say === undefined && (isLong(a) || isLong(b)) ? { isLong: true } : {}),
        ...(texts.before === undefined ? {} : { before: texts.before }),
        ...(texts.after === undefined ? {} : { after: texts.after }),
      },
    ]
  })
}

function sentenceOf<T>(aspect: Aspect<T>, before: unknown, after: unknown): string | undefined {
  if (aspect.say === undefined) return `${aspect.name}: ${fromTo(before, after)}`
  const said = aspect.say(before, after)
  if (said === undefined || aspect.isSentence) return said
  return /^[+−]/.test(said) ? `${aspect.name} ${said}` : `${aspect.name}: ${said}`
}

/** A change without texts. */
export function change(
  code: string,
  kind: ChangeClass,
  reach: ChangeReach,
  sentence: string,
  state?: string,
): Change {
  return { code, class: kind, reach, sentence, ...(state === undefined ? {} : { state }) }
}
