import { runOracle } from './run.ts'

process.exitCode = await runOracle(process.argv.slice(2), {
  out: (line) => console.log(line),
  err: (line) => console.error(line),
  width: process.stdout.columns ?? 160,
})
