<?php

namespace App\Jobs;

use Illuminate\Bus\Queueable;
use Illuminate\Contracts\Queue\ShouldQueue;
use Illuminate\Foundation\Bus\Dispatchable;
use Illuminate\Support\Facades\Log;

/** Where a real application would send a message. */
class NotifyOfTransition implements ShouldQueue
{
    use Dispatchable, Queueable;

    public function __construct(private string $device, private string $to)
    {
    }

    public function handle(): void
    {
        Log::info("Notified: {$this->device} is {$this->to}");
    }
}
