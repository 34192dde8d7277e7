<?php

use Illuminate\Database\Migrations\Migration;
use Illuminate\Database\Schema\Blueprint;
use Illuminate\Support\Facades\Schema;

return new class extends Migration
{
    public function up(): void
    {
        Schema::create('device_status_transitions', function (Blueprint $table) {
            $table->id();
            $table->unsignedBigInteger('remote_id');
            $table->string('from_status', 32);
            $table->string('to_status', 32);
            $table->string('reason', 191);
            $table->string('source', 32);
            $table->timestamp('created_at', 3)->nullable();
            $table->index(['remote_id', 'created_at']);
        });
    }

    public function down(): void
    {
        Schema::drop('device_status_transitions');
    }
};
