// The wall: nobody is there to press a key, so it asks for itself anew each minute. Nothing moves meanwhile.
setTimeout(() => location.reload(), 60000);
