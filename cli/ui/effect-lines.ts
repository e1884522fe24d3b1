import type { EffectDigest } from '../../runner/effects/digest.ts'
import type { Palette } from './palette.ts'
import { oneLine } from './plain-text.ts'

/** What a run asked to have written to GitHub, one line each, and what became of it. */
export function effectLines(
  effects: readonly EffectDigest[],
  { dim, green, red, yellow, symbols }: Palette,
): readonly string[] {
  return effects.map(({ about, step, refused, result }) => {
    const status = refused === undefined ? result?.status : 'refused'
    const sign =
      status === 'done'
        ? green(symbols.done)
        : status === undefined
          ? yellow(symbols.paused)
          : red(symbols.failed)
    const why = refused ?? result?.url ?? result?.why ?? 'waits for the action to carry it out'
    return `${sign} ${oneLine(about)} ${dim(`${oneLine(step)}: ${oneLine(why)}`)}`
  })
}
