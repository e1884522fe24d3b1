/** Paints one piece of text. */
export type Paint = (text: string) => string

/** Colours and symbols of one output stream; without colours every paint returns its text. */
export interface Palette {
  readonly hasColor: boolean
  readonly bold: Paint
  readonly dim: Paint
  readonly red: Paint
  readonly green: Paint
  readonly yellow: Paint
  readonly blue: Paint
  readonly cyan: Paint
  readonly symbols: Symbols
}

/** Signs that stand before lines, one column each. */
export interface Symbols {
  readonly done: string
  readonly failed: string
  readonly warning: string
  readonly paused: string
  readonly started: string
  readonly reused: string
  readonly waiting: string
  readonly bullet: string
  readonly dot: string
  readonly ellipsis: string
  readonly arrow: string
  readonly spinner: readonly string[]
}

const UNICODE: Symbols = {
  done: '✓',
  failed: '✗',
  warning: '!',
  paused: '‖',
  started: '▸',
  reused: '↺',
  waiting: '○',
  bullet: '•',
  dot: '·',
  ellipsis: '…',
  arrow: '→',
  spinner: ['⠋', '⠙', '⠹', '⠸', '⠼', '⠴', '⠦', '⠧', '⠇', '⠏'],
}

const ASCII: Symbols = {
  done: '+',
  failed: 'x',
  warning: '!',
  paused: '=',
  started: '>',
  reused: '~',
  waiting: 'o',
  bullet: '*',
  dot: '-',
  ellipsis: '...',
  arrow: '->',
  spinner: ['|', '/', '-', '\\'],
}

/** Makes the palette of a stream. */
export function makePalette({ color, unicode }: { color: boolean; unicode: boolean }): Palette {
  const paint =
    (open: number, close: number): Paint =>
    (text) =>
      color && text !== '' ? `\u001b[${open}m${text}\u001b[${close}m` : text
  return {
    hasColor: color,
    bold: paint(1, 22),
    dim: paint(2, 22),
    red: paint(31, 39),
    green: paint(32, 39),
    yellow: paint(33, 39),
    blue: paint(34, 39),
    cyan: paint(36, 39),
    symbols: unicode ? UNICODE : ASCII,
  }
}

type Env = Readonly<Record<string, string | undefined>>

/**
 * Whether to colour a stream. `--no-color` and `NO_COLOR` (any value but empty, https://no-color.org) forbid it,
 * `FORCE_COLOR` (anything but `0`, `false` and empty) asks for it; otherwise terminals that can do it get colours.
 */
export function wantsColor(
  env: Env,
  stream: { readonly isTerminal: boolean },
  noColorFlag: boolean,
): boolean {
  if (noColorFlag || isSet(env['NO_COLOR'])) return false
  const forced = env['FORCE_COLOR']
  if (forced !== undefined && forced !== '') return forced !== '0' && forced !== 'false'
  return stream.isTerminal && env['TERM'] !== 'dumb'
}

/** Whether the locale can show more than ASCII. Without any locale variable: only where UTF-8 is the rule (Windows, macOS, CI). */
export function wantsUnicode(env: Env, platform: string): boolean {
  const locale = env['LC_ALL'] || env['LC_CTYPE'] || env['LANG']
  if (env['TERM'] === 'linux' || env['TERM'] === 'dumb') return false
  if (locale) return /utf-?8/i.test(locale)
  return platform === 'win32' || platform === 'darwin' || isCi(env)
}

/** Whether a CI system runs us: `CI` is set to something other than `false` or `0`. */
export function isCi(env: Env): boolean {
  const value = env['CI']
  return isSet(value) && value !== 'false' && value !== '0'
}

function isSet(value: string | undefined): boolean {
  return value !== undefined && value !== ''
}

/** The same symbols with colours. */
export function withColors(palette: Palette): Palette {
  return makePalette({ color: true, unicode: palette.symbols === UNICODE })
}

/** The same symbols without colours. */
export function withoutColors(palette: Palette): Palette {
  return makePalette({ color: false, unicode: palette.symbols === UNICODE })
}
