<?php

use Illuminate\Database\Migrations\Migration;
use Illuminate\Database\Schema\Blueprint;
use Illuminate\Support\Facades\Schema;

return new class extends Migration
{
    public function up(): void
    {
        Schema::table('remotes', function (Blueprint $table) {
            $table->unsignedInteger('heartbeat_interval_seconds')->default(30);
            $table->unsignedInteger('grace_period_seconds')->default(60);
            $table->string('previous_status', 32)->nullable();
            $table->timestamp('last_status_change_at', 3)->nullable()->index();
            $table->string('status_change_reason', 191)->nullable();
            $table->string('last_heartbeat_source', 32)->nullable();
        });
    }

    public function down(): void
    {
        Schema::table('remotes', function (Blueprint $table) {
            $table->dropColumn([
                'heartbeat_interval_seconds',
                'grace_period_seconds',
                'previous_status',
                'last_status_change_at',
                'status_change_reason',
                'last_heartbeat_source',
            ]);
        });
    }
};
