import { PDFDocument, StandardFonts, rgb } from 'pdf-lib';

export async function handle() {
  const pdf = await PDFDocument.create({ updateMetadata: false });
  const font = await pdf.embedFont(StandardFonts.Helvetica);
  const page = pdf.addPage([300, 200]);
  page.drawText('Hello world', { x: 20, y: 150, size: 18, font, color: rgb(0.2, 0.4, 0.6) });
  page.drawRectangle({ x: 20, y: 20, width: 50, height: 30, borderWidth: 1 });
  pdf.setTitle('Title ä');
  pdf.getForm().createTextField('name').setText('Ann');
  const bytes = await pdf.save();
  const again = await PDFDocument.load(bytes, { updateMetadata: false });
  return {
    head: String.fromCharCode(...bytes.slice(0, 5)),
    pages: again.getPageCount(),
    title: again.getTitle(),
    field: again.getForm().getTextField('name').getText(),
    width: font.widthOfTextAtSize('Hello', 12).toFixed(3),
    size: again.getPage(0).getSize(),
  };
}
