import mime, { Mime } from 'mime';
import lite from 'mime/lite';

export async function handle() {
  const own = new Mime({ 'text/x-own': ['own'] });
  return [
    mime.getType('a/b.tar.gz'),
    mime.getType('x.JPG'),
    mime.getExtension('text/html; charset=utf-8'),
    mime.getType('nothing'),
    lite.getType('json'),
    own.getType('y.own'),
    [...(mime.getAllExtensions('image/jpeg') ?? [])].sort(),
  ];
}
