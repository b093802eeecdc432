<qgis version="3.22" styleCategories="Symbology|Labeling|Fields" labelsEnabled="{{ 1 if label else 0 }}">
  <renderer-v2 type="categorizedSymbol" attr="{{ by }}" symbollevels="0" enableorderby="0" forceraster="0">
    <categories>
{% for category in categories %}
      <category symbol="{{ loop.index0 }}" value="{{ category.code }}" label="{{ category.label }}" render="true"/>
{% endfor %}
    </categories>
    <symbols>
{% for category in categories %}
{% if shape == "polygon" %}
      <symbol type="fill" name="{{ loop.index0 }}" alpha="1" clip_to_extent="1" force_rhr="0">
        <layer class="SimpleFill" enabled="1" locked="0" pass="0">
          <Option type="Map">
            <Option type="QString" name="color" value="{{ category.rgb }},60"/>
            <Option type="QString" name="outline_color" value="{{ category.rgb }},255"/>
            <Option type="QString" name="outline_width" value="0.4"/>
            <Option type="QString" name="outline_style" value="solid"/>
            <Option type="QString" name="style" value="solid"/>
          </Option>
        </layer>
      </symbol>
{% else %}
      <symbol type="marker" name="{{ loop.index0 }}" alpha="1" clip_to_extent="1" force_rhr="0">
        <layer class="SimpleMarker" enabled="1" locked="0" pass="0">
          <Option type="Map">
            <Option type="QString" name="color" value="{{ category.rgb }},255"/>
            <Option type="QString" name="outline_color" value="255,255,255,255"/>
            <Option type="QString" name="name" value="circle"/>
            <Option type="QString" name="size" value="{{ size }}"/>
          </Option>
        </layer>
      </symbol>
{% endif %}
{% endfor %}
    </symbols>
  </renderer-v2>
{% if label %}
  <labeling type="simple">
    <settings calloutType="simple">
      <text-style fieldName="{{ label }}" fontSize="8" fontFamily="Noto Sans CJK SC" textColor="40,40,40,255">
        <text-buffer bufferDraw="1" bufferSize="0.8" bufferColor="255,255,255,255"/>
      </text-style>
      <placement placement="{{ 0 if shape == 'polygon' else 6 }}"/>
    </settings>
  </labeling>
{% endif %}
  <aliases>
{% for field, alias in aliases.items() %}
    <alias field="{{ field }}" index="{{ loop.index0 }}" name="{{ alias }}"/>
{% endfor %}
  </aliases>
</qgis>
