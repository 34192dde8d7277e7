<?php

namespace App\Console;

use Illuminate\Console\Scheduling\Schedule;
use Illuminate\Foundation\Console\Kernel as ConsoleKernel;

class Kernel extends ConsoleKernel
{
    private const LOCK_MINUTES = 5;

    protected function schedule(Schedule $schedule): void
    {
        // Without a number the lock of a run that was killed holds up the next ones for a day.
        $schedule->command('devices:monitor-status')
            ->everyMinute()
            ->onOneServer()
            ->withoutOverlapping(self::LOCK_MINUTES);
    }

    protected function commands(): void
    {
        $this->load(__DIR__.'/Commands');
    }
}
