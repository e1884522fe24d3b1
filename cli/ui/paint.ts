import type { Severity } from '../../schema/diagnostic.ts'
import type { Palette } from './palette.ts'

/** The colours of a problem of a file on a stream, as `renderDiagnostic` asks for them. */
export function paintWith(palette: Palette): (text: string, role: Severity | 'frame' | 'note') => string {
  const paints: Readonly<Record<Severity | 'frame' | 'note', (text: string) => string>> = {
    error: palette.red,
    warning: palette.yellow,
    info: palette.cyan,
    frame: palette.blue,
    note: (text) => text,
  }
  return (text, role) => paints[role](text)
}
