// @ts-check
// Preloaded into a measured process: writes the peak of its resident memory, in MB, when it ends.
import { readFileSync, writeFileSync } from 'node:fs'

const file = process.env['BENCH_PEAK_FILE'] ?? ''

process.on('exit', () => writeFileSync(file, String(peakMb())))

function peakMb() {
  try {
    // Of this program alone; the system's figure for the process starts with what its parent had before `exec`.
    const status = readFileSync('/proc/self/status', 'utf8')
    return Number(/VmHWM:\s+(\d+) kB/.exec(status)?.[1]) / 1024
  } catch {
    return process.resourceUsage().maxRSS / 1024
  }
}
