// The queue of submissions: the line, each submission's progress and trouble in the reader's words, and what
// can be done about it.
import {expect, expectGood, signInTeacher, test, texts} from '../fixtures';

test(
    'the queue tells how each submission gets on, and pauses, hurries and withdraws it',
    async ({page, device}, info) => {
      const words = texts('teacher', info.project.use.locale ?? 'zh-CN');
      const say = (key: string): string => words[key] ?? key;
      const lesson = device.addLesson({});
      const clip = (id: string, point: string) => {
        const made = {id, point, from_ms: 8000, to_ms: 22_000, sources: ['room', 'board'], mark: null};
        lesson.clips.push(made);
        return made;
      };
      const sending = device.addSubmission(lesson, clip('C1', 'A6'), {
        state: 'sending',
        held: true,
        size_bytes: 812_000_000,
        acked_bytes: 310_000_000,
        rate_bytes_per_s: 486_000,
        seconds_left: 1033,
        attempts: 3,
      });
      const waiting = device.addSubmission(lesson, clip('C2', 'A5'), {
        state: 'queued',
        size_bytes: 24_600_000,
        last_error: 'a proxy on the way answered 502',
        error_code: 'server-error',
      });
      device.addSubmission(lesson, clip('C3', 'A7'), {
        state: 'acknowledged',
        size_bytes: 24_600_000,
        acked_bytes: 24_600_000,
        package_sha256: 'ab'.repeat(32),
        receipt: {number: 'SL-2026-000173', received_utc: '2026-03-02T06:12:00Z'},
      });
      device.upload = {
        state: 'waiting',
        queued: 2,
        code: 'portal',
        error: 'http://platform answered 302 where the platform was expected',
        clock_ahead_s: -10_800,
        limit: {bytes_per_s: 524_288, rate: '512k', why: 'recording', by_hand: false},
      };
      await signInTeacher(page, device);
      await page.goto(`${device.url}/submissions`);
      const line = page.getByTestId('line');
      await expect(line).toContainText(say('line.waiting'));
      await expect(line).toContainText(say('trouble.portal'));
      await expect(line).toContainText('524 kB/s');
      await expect(line).toContainText('180');
      const row = page.getByTestId(`queued-${sending.id}`);
      await expect(row.getByRole('progressbar')).toHaveAttribute('aria-valuenow', '38');  // 310 of 812
      await expect(row).toContainText('486 kB/s');
      await expect(row).toContainText('17:13');  // 1033 s
      await expect(row).toContainText(say('sub.attempts').replace('{n}', '3'));
      await expect(page.getByTestId(`queued-${waiting.id}`)).toContainText(say('trouble.server-error'));
      await expect(page.getByText('SL-2026-000173')).toBeVisible();
      await expectGood(page, '16-queue');

      await row.getByRole('button', {name: say('sub.pause'), exact: true}).click();
      await expect(row).toContainText(say('sub.paused'));
      await row.getByRole('button', {name: say('sub.resume'), exact: true}).click();
      await expect(row.getByRole('button', {name: say('sub.pause'), exact: true})).toBeVisible();
      const other = page.getByTestId(`queued-${waiting.id}`);
      await other.getByRole('button', {name: say('sub.withdraw'), exact: true}).click();
      await other.getByRole('button', {name: say('sub.withdraw-not'), exact: true}).click();
      await other.getByRole('button', {name: say('sub.withdraw'), exact: true}).click();
      await other.getByRole('button', {name: say('sub.withdraw-sure'), exact: true}).click();
      await expect(page.getByText(say('sub.withdrawn'))).toBeVisible();
      await expect(other).toHaveCount(0);
    });
