import { describe, expect, it } from 'vitest'
import { problemOfCron } from '../../../../schema/trigger/cron.ts'

describe('a time of a schedule', () => {
  it.each([
    '0 6 * * 1',
    '  15   3 1,15 * *  ',
    '*/5 * * * *',
    '0/20 0-6/2 * JAN-MAR sun,MON',
    '59 23 31 12 6',
    '0,30 * * * *',
  ])('%j is taken', (cron) => {
    expect(problemOfCron(cron)).toBeUndefined()
  })

  it.each([
    ['', 'it has 1 of the five fields'],
    ['0 6 * *', 'it has 4 of the five fields'],
    ['0 0 6 * * 1', 'it has 6 of the five fields'],
    ['@daily', 'it has 1 of the five fields'],
    ['60 * * * *', "its minute is '60'"],
    ['0 24 * * *', "its hour is '24'"],
    ['0 0 0 * *', "its day of the month is '0'"],
    ['0 0 1 JANUARY *', "its month is 'JANUARY'"],
    ['0 0 * * 7', "its day of the week is '7'"],
    ['0 5-3 * * *', "its hour is '5-3'"],
    ['*/0 * * * *', "its minute is '*/0'"],
    ['1, * * * *', "its minute is '1,'"],
    [`\${{ x }} * * * *`, 'it has 7 of the five fields'],
    ['* * * * *', 'it is due more often than every 5 minutes'],
    ['0,3 * * * *', 'it is due more often than every 5 minutes'],
    // From one hour to the next.
    ['*/7 * * * *', 'it is due more often than every 5 minutes'],
    ['58,1 * * * *', 'it is due more often than every 5 minutes'],
  ])('%j is not: %s', (cron, problem) => {
    expect(problemOfCron(cron)).toBe(problem)
  })
})
