"""The model seam: windows, the OpenAI client, the offline model."""
