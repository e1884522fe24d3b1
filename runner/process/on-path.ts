import { existsSync } from 'node:fs'
import { delimiter, join, sep } from 'node:path'

/** Whether a program is there: in a folder of `PATH`, or at its path where it is written as one. */
export function isOnPath(program: string, env: Readonly<Record<string, string | undefined>>): boolean {
  if (program.includes('/') || program.includes(sep)) return existsSync(program)
  const endings = process.platform === 'win32' ? (env['PATHEXT'] ?? '.EXE;.CMD').split(';') : ['']
  const folders = (env['PATH'] ?? '').split(delimiter)
  return folders.some((folder) => endings.some((ending) => existsSync(join(folder, program + ending))))
}
